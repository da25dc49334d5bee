import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_HEADERS } from '../../../guard/respond/api-headers.ts';
import { toErrorResponse } from './error-response.ts';
import { logFailure } from './host-log.ts';

/** Answers with a problem document. */
export type SendError = (request: FastifyRequest, reply: FastifyReply, error: unknown) => void;

/** @param details the host's own sentences, by code */
export function createSendError(details: ReadonlyMap<string, string>): SendError {
  return (request, reply, error) => send(request, reply, error, details);
}

export const sendError = createSendError(new Map());

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  details: ReadonlyMap<string, string>,
): void {
  const { problem, headers } = toErrorResponse(error);
  if (problem.status >= 500) {
    logFailure(request.log, error, { code: problem.code }, 'request failed');
  }
  reply
    .code(problem.status)
    .headers({ ...API_HEADERS, ...headers })
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({ ...problem, detail: details.get(problem.code) ?? problem.detail });
}
