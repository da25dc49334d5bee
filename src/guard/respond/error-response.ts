import { API_HEADERS } from './api-headers.ts';
import { findErrorResponse } from './http-refusal.ts';

/** Type of problem documents. @see RFC 9457 section 3 */
const PROBLEM_TYPE = 'application/problem+json';

/** Status, headers and body of a refusal, for a framework to send. */
export interface HttpRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The problem document as JSON text. */
  readonly body: string;
}

/**
 * Turns an error of the guard into what is sent: status, `WWW-Authenticate` or `Retry-After`, and a
 * problem document. An error that is not Latchkey's is thrown on: it is the host's.
 */
export function toHttpRefusal(error: unknown): HttpRefusal {
  const answer = findErrorResponse(error);
  if (answer === undefined) throw error;
  return {
    status: answer.problem.status,
    headers: { ...API_HEADERS, ...answer.headers, 'content-type': PROBLEM_TYPE },
    body: JSON.stringify(answer.problem),
  };
}

/**
 * Turns an error of the guard into the `Response` it deserves: the right status, `WWW-Authenticate` or
 * `Retry-After`, and a problem document. An error that is not Latchkey's is thrown on.
 * @see RFC 9457, RFC 6750 section 3
 */
export function errorResponse(error: unknown): Response {
  const { status, headers, body } = toHttpRefusal(error);
  return new Response(body, { status, headers });
}
