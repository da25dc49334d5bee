import type { FastifyReply, FastifyRequest } from 'fastify';
import { isChallenge, type SignInResult } from '../../auth/sessions/sign-in-result.ts';
import type { IssuedTokens } from '../../auth/sessions/tokens/issued-tokens.ts';
import type { TokenLimits } from '../../auth/sessions/tokens/token-limits.ts';
import { SignInIncomplete } from '../../kernel/errors.ts';
import type { AnswerTransport, SignInRoute } from './answers.ts';
import { RequestRefused } from './errors/request-refused.ts';
import type { RouteContext } from './routes/route-context.ts';

/**
 * Reads `?transport=`.
 * @throws {RequestRefused} if it is neither `cookie` nor `body`
 * @throws {AccessDenied} if another site asks for cookies
 */
export function parseTransport(
  { transport: fallback, originRules }: RouteContext,
  request: FastifyRequest,
): AnswerTransport {
  const transport = (request.query as Record<string, unknown>)['transport'] ?? fallback;
  if (transport !== 'cookie' && transport !== 'body') {
    throw new RequestRefused(400, 'invalid_transport', '"transport" must be "cookie" or "body".');
  }
  if (transport === 'cookie') originRules.assertNotCrossSite(request);
  return transport;
}

/** The longest tokens that an answer of this transport carries. Undefined: any length that a verifier accepts. */
export function limitsOf(
  { cookies }: RouteContext,
  transport: AnswerTransport,
): TokenLimits | undefined {
  return transport === 'cookie' ? cookies.limits : undefined;
}

/**
 * The tokens of a sign-in. For a route of your own:
 *
 * ```ts
 * cookies.set(reply, requireTokens(await auth.loginRaw(request.body, caller, cookies.limits)));
 * ```
 * @throws {SignInIncomplete} if the sign-in needs one more step; answered with 401 and its challenge
 */
export function requireTokens(result: SignInResult): IssuedTokens {
  if (!isChallenge(result)) return result;
  const { challenge, expiresIn } = result;
  if (result.required === 'password_change') {
    throw new SignInIncomplete({ code: 'password_change_required', challenge, expiresIn });
  }
  const { methods, enroll } = result;
  throw new SignInIncomplete({ code: 'mfa_required', challenge, expiresIn, methods, enroll });
}

/** Answers with the tokens, or with the cookies and the user instead. */
export function answerSignIn(
  context: RouteContext,
  reply: FastifyReply,
  tokens: IssuedTokens,
  { route, transport }: { route: SignInRoute; transport: AnswerTransport },
): object {
  if (transport === 'cookie') context.cookies.set(reply, tokens);
  else context.cookies.setDevice(reply, tokens);
  return context.answers.signIn(route, tokens, transport);
}
