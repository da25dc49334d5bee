import { MultipleCredentials, TokenRefused } from '../../kernel/errors.ts';
import { assertNoTokenInAddress } from './address-token.ts';
import { isBearerScheme, isSecondToken, parseBearer } from './bearer.ts';
import {
  findHeader,
  type IncomingRequest,
  type RequestHeaders,
  readHeaders,
  twoAuthorizations,
} from './request.ts';
import { mustProveOrigin, type OriginRules } from './same-origin.ts';
import type { TokenCookies } from './token-cookies.ts';

const BEARER = 'Bearer ';

export type Transport = 'header' | 'cookie';

export interface AccessCredential {
  readonly token: string;
  readonly transport: Transport;
}

/** Finds the one access token a request brings. */
export interface CredentialReader {
  /**
   * @param method what the request does; a proxy that asks on behalf of another names that one's
   * @throws {MultipleCredentials} when two came
   * @throws {Forbidden} when a cookie came with a request that changes state or opens a WebSocket, and is not
   *   same-origin
   */
  find(request: IncomingRequest, method?: string): AccessCredential | undefined;
  /**
   * As `find`, but what follows the usual `Bearer ` is not read and may be anything: fit to be looked up
   * among tokens that were verified, and for nothing else. To read it costs more than the look-up.
   */
  findUnread(request: IncomingRequest): AccessCredential | undefined;
  /**
   * As `find`, but a cookie counts wherever the request comes from: fit to find out who is to judge it.
   * @throws {MultipleCredentials} {@link TokenRefused}
   */
  findUnproven(request: IncomingRequest): string | undefined;
  /**
   * Finds the access token that a request brings beside a token in its body. It is not judged, and may be worth
   * nothing.
   * @throws {MultipleCredentials} as `find`
   */
  findBeside(request: IncomingRequest): string | undefined;
  /**
   * Whether no token came, in no form: another scheme than Bearer is not an attempt to bring one.
   * @throws {MultipleCredentials} as `find`
   */
  isGuest(request: IncomingRequest): boolean;
  /** @throws {TokenRefused} when none came, and as `find` */
  require(request: IncomingRequest, method?: string): AccessCredential;
}

/** @param cookies undefined where tokens come by header alone */
export function createCredentialReader(
  cookies: TokenCookies | undefined,
  { assertSameOrigin }: OriginRules,
): CredentialReader {
  function locate(
    request: IncomingRequest,
    method: string | undefined,
    readToken: (authorization: string) => string,
  ): AccessCredential | undefined {
    const headers = readHeaders(request);
    const found = read(request, headers, readToken);
    if (found?.transport === 'cookie' && mustProveOrigin(method, headers)) {
      assertSameOrigin({ headers });
    }
    return found;
  }

  function read(
    { rawHeaders, url }: IncomingRequest,
    headers: RequestHeaders,
    readToken: (authorization: string) => string,
  ): AccessCredential | undefined {
    assertNoTokenInAddress(url);
    const cookie = findHeader(headers, 'cookie');
    const cookieToken = cookies?.findAccess(cookie);
    const authorization = findHeader(headers, 'authorization');
    if (authorization !== undefined) {
      if (rawHeaders !== undefined) assertOneAuthorization(rawHeaders);
      if (cookieToken === undefined) {
        if (isForSomebodyElse(authorization, cookie)) return undefined;
        return { token: readToken(authorization), transport: 'header' };
      }
      // Two tokens may speak for two users: to choose one is to let the sender of the other be it.
      if (isSecondToken(authorization)) throw twoCredentials();
    }
    return cookieToken === undefined ? undefined : { token: cookieToken, transport: 'cookie' };
  }

  /** A browser whose access cookie has expired still sends the Basic credentials of a proxy in front. */
  function isForSomebodyElse(authorization: string, cookie: string | undefined): boolean {
    if (cookie === undefined || isSecondToken(authorization)) return false;
    return cookies?.findRefresh(cookie) !== undefined;
  }

  const find = (request: IncomingRequest, method = request.method) =>
    locate(request, method, parseBearer);

  /** @throws {MultipleCredentials} */
  function readCarriers(request: IncomingRequest) {
    const { rawHeaders, url } = request;
    assertNoTokenInAddress(url);
    const headers = readHeaders(request);
    const authorization = findHeader(headers, 'authorization') ?? '';
    if (authorization !== '' && rawHeaders !== undefined) assertOneAuthorization(rawHeaders);
    return { authorization, cookie: findHeader(headers, 'cookie') };
  }

  return {
    find,
    findBeside(request) {
      const { authorization, cookie } = readCarriers(request);
      const cookieToken = cookies?.findAccess(cookie);
      if (!isSecondToken(authorization)) return cookieToken;
      if (cookieToken !== undefined) throw twoCredentials();
      return cutBearer(authorization);
    },
    isGuest(request) {
      const { authorization, cookie } = readCarriers(request);
      if (cookies?.findAccess(cookie) !== undefined) return false;
      return !isBearerScheme(authorization) || isForSomebodyElse(authorization, cookie);
    },
    findUnproven: (request) => read(request, readHeaders(request), parseBearer)?.token,
    findUnread: (request) => locate(request, request.method, cutBearer),
    require(request, method) {
      const credential = find(request, method);
      if (credential !== undefined) return credential;
      throw new TokenRefused(
        'token_missing',
        cookies?.findRefresh(findHeader(readHeaders(request), 'cookie')) === undefined
          ? 'No access token came with this request. You must refresh or sign in, and send it as "Authorization: Bearer …".'
          : 'No access token came with this request. You must refresh.',
      );
    },
  };
}

function cutBearer(authorization: string): string {
  return authorization.startsWith(BEARER)
    ? authorization.slice(BEARER.length)
    : parseBearer(authorization);
}

export function twoCredentials(): MultipleCredentials {
  return new MultipleCredentials(
    'This request brings a token in more than one way. Send it in the Authorization header or in the cookie, not in both.',
  );
}

/** Node keeps the first Authorization header and drops the rest; a proxy before us may read the last. */
function assertOneAuthorization(rawHeaders: readonly string[]): void {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 13 && name.toLowerCase() === 'authorization') count++;
  }
  if (count > 1) {
    throw twoAuthorizations();
  }
}
