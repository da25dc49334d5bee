import type { FastifyRequest } from 'fastify';
import { InputReader } from '../../../auth/input.ts';
import { isSecondToken } from '../../../guard/request/bearer.ts';
import { twoCredentials } from '../../../guard/request/credentials.ts';
import { mustProveOrigin } from '../../../guard/request/same-origin.ts';
import { parsePayload } from '../../../jwt/payload.ts';
import { MultipleCredentials, TokenRefused } from '../../../kernel/errors.ts';
import type { AnswerTransport } from '../answers.ts';
import { assertNotForm } from '../body.ts';
import type { RouteContext } from '../routes/route-context.ts';

/** Our refresh tokens have about 400 characters. */
const TOKEN_MAX_CHARACTERS = 8192;

export interface RefreshCredential {
  readonly token: string;
  readonly transport: AnswerTransport;
}

/**
 * Finds the one refresh token of a request, in its body or in the cookie.
 * @throws {InvalidInput} if the body has anything else
 * @throws {MultipleCredentials} if there are two
 * @throws {AccessDenied} if a cookie comes with a request that changes state and is not same-origin
 */
export function findRefreshCredential(
  context: RouteContext,
  request: FastifyRequest,
): RefreshCredential | undefined {
  const bodyToken = readBody(request);
  const { headers } = request.raw;
  const cookieToken = context.cookies.findRefresh(headers.cookie);
  if (cookieToken === undefined) {
    return bodyToken === undefined ? undefined : { token: bodyToken, transport: 'body' };
  }
  const { authorization } = headers;
  if (bodyToken !== undefined || (authorization !== undefined && isSecondToken(authorization))) {
    throw twoCredentials();
  }
  if (mustProveOrigin(request.method, headers)) context.originRules.assertSameOrigin(request);
  return { token: cookieToken, transport: 'cookie' };
}

export function tokenBesideBody(): MultipleCredentials {
  return new MultipleCredentials(
    'This request has one token in its body and another in the Authorization header or in a cookie. Send one of them.',
  );
}

/**
 * Clients often send their access token with every request, so an access token beside the refresh token in the body is
 * accepted if both are of one session. It may have expired.
 * @throws {MultipleCredentials} if an access token of ours is of another session
 */
export function assertNoOtherSession(
  { credentials, latchkey }: RouteContext,
  request: FastifyRequest,
  refreshToken: string,
): void {
  const accessToken = credentials.findBeside(request.raw);
  if (accessToken === undefined) return;
  const beside = readUnproven(accessToken);
  const isOurs = beside['iss'] === latchkey.settings.issuer;
  if (isOurs && beside['sid'] !== readUnproven(refreshToken)['sid']) throw tokenBesideBody();
}

/** The claims of a token, not verified. Empty if it is not a token. */
function readUnproven(token: string): Readonly<Record<string, unknown>> {
  try {
    return Object(parsePayload(token.split('.')[1] ?? ''));
  } catch (error) {
    if (error instanceof TokenRefused) return {};
    throw error;
  }
}

function readBody(request: FastifyRequest): string | undefined {
  if (request.body === undefined) return undefined;
  assertNotForm(request);
  const reader = new InputReader(request.body);
  const token = reader.optionalString('refresh_token', { max: TOKEN_MAX_CHARACTERS });
  reader.finish();
  return token;
}
