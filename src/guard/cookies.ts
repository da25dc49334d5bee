import { trimBlanks } from '../encoding/header-text.ts';
import { MultipleCredentials } from '../errors.ts';

/** Names of the two cookies, before the `__Host-` prefix that https adds. */
export interface CookieNames {
  /** Default `latchkey_access`. */
  readonly access?: string;
  /** Default `latchkey_refresh`. */
  readonly refresh?: string;
}

/** Finds the two tokens that a browser keeps in cookies. */
export interface TokenCookies {
  /** As they are sent, prefix included. */
  readonly names: Required<CookieNames>;
  /** @throws {MultipleCredentials} when two of the name came */
  findAccess(cookieHeader: string | undefined): string | undefined;
  /** @throws {MultipleCredentials} when two of the name came */
  findRefresh(cookieHeader: string | undefined): string | undefined;
}

/**
 * @param secure whether the issuer is https: then the names carry `__Host-`, which keeps sibling domains
 *   from planting cookies of theirs
 * @throws {TypeError} for names that are none
 * @see RFC 6265bis section 4.1.3.2
 */
export function createTokenCookies(secure: boolean, names: CookieNames = {}): TokenCookies {
  const prefix = secure ? '__Host-' : '';
  const access = prefix + parseName(names.access ?? 'latchkey_access');
  const refresh = prefix + parseName(names.refresh ?? 'latchkey_refresh');
  if (access === refresh) throw new TypeError('cookies: give the two different names.');
  return {
    names: { access, refresh },
    findAccess: (header) => findCookie(header, access),
    findRefresh: (header) => findCookie(header, refresh),
  };
}

function parseName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new TypeError(`cookies: "${name}" is no cookie name. Use letters, digits, _ and -.`);
}

/**
 * Finds the one cookie of a name, as it came: a token needs no decoding, and another spelling of it is
 * not it. Names are compared byte for byte. A name that only becomes ours by trimming more than space and tab
 * does not carry the protection of `__Host-`: a sibling domain can set it.
 */
function findCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined || !header.includes(name)) return undefined;
  let found: string | undefined;
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1 || trimBlanks(pair.slice(0, equals)) !== name) continue;
    // A second cookie of the name may have been planted by a sibling domain or path, to sign a person
    // in as somebody else.
    if (found !== undefined) {
      throw new MultipleCredentials(
        'Two cookies of one name came. Delete the cookies of this site.',
      );
    }
    found = trimBlanks(pair.slice(equals + 1));
  }
  return found === '' ? undefined : found;
}
