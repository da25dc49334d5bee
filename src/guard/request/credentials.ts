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

/** Where a token was found. */
export type Transport = 'header' | 'cookie';

/** The access token of a request. */
export interface AccessCredential {
  readonly token: string;
  readonly transport: Transport;
}

/** Finds the access token of a request. */
export interface CredentialReader {
  /**
   * Finds the token in the header or in the cookie.
   * @param method the method to judge by. Default: that of the request. A proxy that asks about another request gives
   *   the method of that one.
   * @throws {MultipleCredentials} if two tokens came
   * @throws {AccessDenied} if the token came in a cookie, and the request changes state or opens a WebSocket and is not
   *   same-origin
   */
  find(request: IncomingRequest, method?: string): AccessCredential | undefined;
  /**
   * As `find`, but what follows `Bearer ` is not checked and may be anything. Use it only to look it up among verified
   * tokens: checking it takes longer than the look-up.
   */
  findUnread(request: IncomingRequest): AccessCredential | undefined;
  /**
   * As `find`, but a cookie counts wherever the request comes from. Use it only to choose who verifies the token.
   * @throws {MultipleCredentials}
   * @throws {TokenRefused}
   */
  findUnproven(request: IncomingRequest): string | undefined;
  /**
   * Finds an access token that came in addition to a token in the body. It is not checked in any way.
   * @throws {MultipleCredentials} as `find`
   */
  findBeside(request: IncomingRequest): string | undefined;
  /**
   * Whether the request has no token. Another scheme than Bearer does not count as one.
   * @throws {MultipleCredentials} as `find`
   */
  isGuest(request: IncomingRequest): boolean;
  /** As `find`. @throws {TokenRefused} if no token came */
  require(request: IncomingRequest, method?: string): AccessCredential;
}

/** @param cookies undefined if tokens come in the header only */
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
        if (isForProxy(authorization, cookie)) return undefined;
        return { token: readToken(authorization), transport: 'header' };
      }
      // The two tokens may be of two users, and a page of an attacker may have caused one of them to be sent.
      if (isSecondToken(authorization)) throw twoCredentials();
    }
    return cookieToken === undefined ? undefined : { token: cookieToken, transport: 'cookie' };
  }

  /** Whether the header is for a proxy in front. A browser sends it too when its access cookie has expired. */
  function isForProxy(authorization: string, cookie: string | undefined): boolean {
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
      return !isBearerScheme(authorization) || isForProxy(authorization, cookie);
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

/** The error for a request with tokens in two places. */
export function twoCredentials(): MultipleCredentials {
  return new MultipleCredentials(
    'This request brings a token in more than one way. Send it in the Authorization header or in the cookie, not in both.',
  );
}

/** Node.js keeps the first Authorization header and drops the others. A proxy in front may read the last. */
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
