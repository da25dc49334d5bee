import { API_HEADERS } from './api-headers.ts';
import { findErrorResponse } from './find-error-response.ts';

/** The media type of problem documents. @see RFC 9457 section 3 */
const PROBLEM_TYPE = 'application/problem+json';

/** Status, headers and body of a refusal, for a framework to send. */
export interface HttpRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The problem document as JSON text. */
  readonly body: string;
}

/**
 * Turns an error of Latchkey into status, headers and body of a response. Throws every other error, which the host must
 * handle.
 */
export function toHttpRefusal(error: unknown): HttpRefusal {
  const response = findErrorResponse(error);
  if (response === undefined) throw error;
  return {
    status: response.problem.status,
    headers: { ...API_HEADERS, ...response.headers, 'content-type': PROBLEM_TYPE },
    body: JSON.stringify(response.problem),
  };
}
