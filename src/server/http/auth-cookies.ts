import { stringifySetCookie } from 'cookie';
import type { FastifyReply } from 'fastify';
import type { IssuedTokens } from '../../auth/sessions/tokens/issued-tokens.ts';
import { assertTokensFit, type TokenLimits } from '../../auth/sessions/tokens/token-limits.ts';
import { type CookieNames, nameCookie } from '../../guard/request/cookie-names.ts';
import {
  createTokenCookies,
  listCookies,
  type TokenCookies,
} from '../../guard/request/token-cookies.ts';

/**
 * The size of a cookie that every browser keeps: name, value and attributes together. A browser silently drops a
 * longer one, and its user would be signed in and signed out at the same time.
 * @see RFC 6265 section 6.1
 */
const COOKIE_MAX_BYTES = 4096;

/** The longest time for which browsers keep a cookie: 400 days. @see RFC 6265bis section 5.5 */
const DEVICE_MAX_AGE_SECONDS = 400 * 86_400;

/** Tells whether a token was issued by this installation, even if it is no longer accepted. */
export interface OwnTokenTest {
  /** Whether an access token is ours. */
  access(token: string): boolean;
  /** Whether a refresh token is ours. */
  refresh(token: string): boolean;
}

/**
 * Writes and finds the two cookies that keep a browser signed in.
 *
 * ```ts
 * app.post('/sign-in', async (request, reply) => {
 *   const { auth, cookies } = app.latchkey;
 *   const login = request.body as LoginInput;
 *   const tokens = requireTokens(await auth.login(login, undefined, cookies.limits));
 *   cookies.set(reply, tokens);
 *   return { user: tokens.user.id };
 * });
 * ```
 */
export interface AuthCookies extends TokenCookies {
  /** The longest tokens that fit into the cookies, in characters. Give them to `auth.login` and its like. */
  readonly limits: TokenLimits;
  /**
   * Sets both cookies, which last as long as their tokens, and after a sign-in that of the device.
   * @throws {RangeError} for a token that no cookie can hold
   */
  set(reply: FastifyReply, signIn: IssuedTokens): void;
  /**
   * Sets only the cookie of the device, for a sign-in whose tokens travel in the body. A device that has it need not
   * wait when others guess the user's password.
   */
  setDevice(reply: FastifyReply, signIn: Pick<IssuedTokens, 'deviceToken'>): void;
  /** Finds the cookie of the device. Give it to `auth.login` and its like as `deviceToken` of the caller. */
  findDevice(cookieHeader: string | undefined): string | undefined;
  /** Clears both cookies. */
  clear(reply: FastifyReply): void;
  /**
   * Clears both cookies, except one that came with the request under our name and is not ours: another program on
   * this host set it.
   */
  clearOwn(reply: FastifyReply, isOwn: OwnTokenTest): void;
}

/**
 * Under an https issuer the cookies carry `__Host-` and `Secure`. They are always `HttpOnly`, so that
 * script cannot read them, and `SameSite=Lax`.
 */
export function createAuthCookies(issuer: string, given: CookieNames = {}): AuthCookies {
  const secure = issuer.startsWith('https:');
  const cookies = createTokenCookies(issuer, given);
  const { access, refresh } = cookies.names;
  const device = nameCookie(issuer, 'latchkey_device');

  const write = (name: string, value: string, maxAge: number) =>
    stringifySetCookie({ name, value, maxAge, path: '/', httpOnly: true, sameSite: 'lax', secure });
  const writeDevice = ({ deviceToken }: Pick<IssuedTokens, 'deviceToken'>) =>
    deviceToken === undefined ? [] : [write(device, deviceToken, DEVICE_MAX_AGE_SECONDS)];
  const erase = (name: string) => write(name, '', 0);
  // No lifetime has more than ten digits.
  const roomIn = (name: string) =>
    Math.max(0, COOKIE_MAX_BYTES - write(name, '', 9_999_999_999).length);
  const limits: TokenLimits = {
    carrier: 'a cookie',
    accessToken: roomIn(access),
    refreshToken: roomIn(refresh),
  };

  return {
    ...cookies,
    limits,
    set(reply, signIn) {
      assertTokensFit(signIn, limits);
      reply.header('set-cookie', [
        write(access, signIn.accessToken, signIn.expiresIn),
        write(refresh, signIn.refreshToken, signIn.refreshExpiresIn),
        ...writeDevice(signIn),
        ...cookies.listFormer(reply.request.headers.cookie).map(erase),
      ]);
    },
    setDevice(reply, signIn) {
      const written = writeDevice(signIn);
      if (written.length > 0) reply.header('set-cookie', written);
    },
    findDevice(header) {
      const [only, second] = listCookies(header, device);
      // Another site may have set the second one. A device that is not known only has to wait like all others.
      return second === undefined ? only : undefined;
    },
    clear(reply) {
      reply.header('set-cookie', [erase(access), erase(refresh)]);
    },
    clearOwn(reply, isOwn) {
      const header = reply.request.headers.cookie;
      const accessToken = cookies.findAccess(header);
      const refreshToken = cookies.findRefresh(header);
      const names = [
        ...(accessToken === undefined || isOwn.access(accessToken) ? [access] : []),
        ...(refreshToken === undefined || isOwn.refresh(refreshToken) ? [refresh] : []),
        ...cookies.listFormer(header),
      ];
      reply.header('set-cookie', names.map(erase));
    },
  };
}
