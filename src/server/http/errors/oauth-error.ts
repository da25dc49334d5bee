import type { FastifyReply, FastifyRequest } from 'fastify';
import { toErrorResponse } from './error-response.ts';
import { logFailure } from './host-log.ts';
import { RequestRefused } from './request-refused.ts';

/** A refusal in the words of OAuth 2.0. @see RFC 6749 section 5.2 */
export class OAuthRefused extends RequestRefused {
  constructor(error: 'invalid_request' | 'unsupported_grant_type', message: string) {
    super(400, error, message);
  }
  override get oauthError(): string {
    return this.code;
  }
}

/**
 * The client did not authenticate. Body and challenge use the words of the scheme that it used.
 * @see RFC 6749 section 5.2, RFC 6750 section 3, RFC 7662 section 2.3
 */
export class ClientRefused extends RequestRefused {
  /** The value of `WWW-Authenticate`. */
  readonly authenticate: string;
  /**
   * @param authorization the header as it came
   * @param takesBearer whether the route takes a client's key as a bearer token too
   */
  constructor(authorization: string | undefined, message: string, { takesBearer = true } = {}) {
    const isBearer = /^bearer(?: |$)/i.test(authorization ?? '');
    super(401, isBearer ? 'invalid_token' : 'invalid_client', message);
    const reason = isBearer ? ', error="invalid_token"' : '';
    const bearer = takesBearer ? `Bearer realm="clients"${reason}, ` : '';
    this.authenticate = `${bearer}Basic realm="clients", charset="UTF-8"`;
  }
  override get oauthError(): string {
    return this.code;
  }
}

/** What the endpoints of OAuth 2.0 answer to any other content type. */
export const SEND_A_FORM = 'Send a form: application/x-www-form-urlencoded.';

const NOT_A_FORM = new Set(['unsupported_media_type', 'invalid_json']);

/** Answers as RFC 6749 section 5.2 prescribes, where the rest of the server answers with a problem document. */
export function sendOAuthError(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
  const { problem, headers, oauthError } = toErrorResponse(error);
  const { code, challenge, expires_in, methods, enroll } = problem;
  const detail = NOT_A_FORM.has(problem.code) ? SEND_A_FORM : problem.detail;
  if (problem.status >= 500) {
    logFailure(request.log, error, { code: problem.code }, 'token request failed');
  }
  const { 'www-authenticate': _, ...others } = headers;
  const authenticate =
    error instanceof ClientRefused ? { 'www-authenticate': error.authenticate } : {};
  reply
    .code(findStatus(error, problem.status))
    .headers({ ...others, ...authenticate })
    .header('cache-control', 'no-store')
    .header('pragma', 'no-cache')
    .type('application/json')
    .send({
      error: oauthError,
      error_description: toPlain(detail),
      // The name of the missing step, and its challenge.
      ...(challenge === undefined ? {} : { code, challenge, expires_in, methods, enroll }),
    });
}

/** 400 for every refused grant. Statuses that say when or how to try again are kept. @see RFC 6749 section 5.2 */
function findStatus(error: unknown, status: number): number {
  const isKept = status >= 500 || status === 413 || status === 429;
  return isKept || error instanceof ClientRefused ? status : 400;
}

/** The characters an error description may have: no quotes, no backslash, ASCII. */
function toPlain(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x7e]|\\/g, '?');
}
