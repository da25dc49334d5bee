import { stringifySetCookie } from 'cookie';
import type { FastifyReply } from 'fastify';
import type { SignIn } from '../auth/sign-in.ts';
import { MultipleCredentials } from '../errors.ts';

/** Names of the two cookies, before the `__Host-` prefix that https adds. */
export interface CookieNames {
  /** Default `latchkey_access`. */
  readonly access?: string;
  /** Default `latchkey_refresh`. */
  readonly refresh?: string;
}

/** Writes and finds the two cookies that keep a browser signed in. */
export interface AuthCookies {
  set(reply: FastifyReply, signIn: SignIn): void;
  clear(reply: FastifyReply): void;
  findAccess(cookieHeader: string | undefined): string | undefined;
  findRefresh(cookieHeader: string | undefined): string | undefined;
}

/**
 * Under an https issuer the cookies carry `__Host-`, which keeps sibling domains from planting theirs,
 * and `Secure`. They are always `HttpOnly`, so that script cannot read them, and `SameSite=Lax`.
 * @see RFC 6265bis section 4.1.3.2
 */
export function createAuthCookies(issuer: string, names: CookieNames = {}): AuthCookies {
  const secure = issuer.startsWith('https:');
  const prefix = secure ? '__Host-' : '';
  const accessName = prefix + parseName(names.access ?? 'latchkey_access');
  const refreshName = prefix + parseName(names.refresh ?? 'latchkey_refresh');
  if (accessName === refreshName) throw new TypeError('cookies: give the two different names.');

  const write = (name: string, value: string, maxAge: number) =>
    stringifySetCookie({ name, value, maxAge, path: '/', httpOnly: true, sameSite: 'lax', secure });

  return {
    set(reply, signIn) {
      reply.header('set-cookie', [
        write(accessName, signIn.accessToken, signIn.expiresIn),
        write(refreshName, signIn.refreshToken, signIn.refreshExpiresIn),
      ]);
    },
    clear(reply) {
      reply.header('set-cookie', [write(accessName, '', 0), write(refreshName, '', 0)]);
    },
    findAccess: (header) => findCookie(header, accessName),
    findRefresh: (header) => findCookie(header, refreshName),
  };
}

function parseName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new TypeError(`cookies: "${name}" is no cookie name. Use letters, digits, _ and -.`);
}

/**
 * Finds the one cookie of a name, as it came: a token needs no decoding, and another spelling of it is
 * not it.
 */
function findCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined || !header.includes(name)) return undefined;
  let found: string | undefined;
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
    // A second cookie of the name may have been planted by a sibling domain or path, to sign a person
    // in as somebody else.
    if (found !== undefined) {
      throw new MultipleCredentials(
        'Two cookies of one name came. Delete the cookies of this site.',
      );
    }
    found = pair.slice(equals + 1).trim();
  }
  return found === '' ? undefined : found;
}
