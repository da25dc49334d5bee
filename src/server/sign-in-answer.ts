import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IssuedTokens } from '../auth/sign-in.ts';
import type { TokenLimits } from '../auth/token-limits.ts';
import type { AnswerTransport, SignInRoute } from './answers.ts';
import { RequestRefused } from './request-refused.ts';
import type { RouteContext } from './route-context.ts';

/**
 * Reads `?transport=`.
 * @throws {RequestRefused} when it is neither `cookie` nor `body`
 * @throws {Forbidden} when another site asks for cookies
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

/** The longest tokens that an answer of this transport carries; undefined: any that a verifier accepts. */
export function limitsOf(
  { cookies }: RouteContext,
  transport: AnswerTransport,
): TokenLimits | undefined {
  return transport === 'cookie' ? cookies.limits : undefined;
}

/** Answers with the tokens, or with the cookies and the user instead. */
export function answerSignIn(
  context: RouteContext,
  reply: FastifyReply,
  signIn: IssuedTokens,
  { route, transport }: { route: SignInRoute; transport: AnswerTransport },
): object {
  if (transport === 'cookie') context.cookies.set(reply, signIn);
  return context.answers.signIn(route, signIn, transport);
}
