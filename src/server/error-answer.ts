import {
  AccountDisabled,
  CredentialsRefused,
  Forbidden,
  InvalidInput,
  LatchkeyError,
  MultipleCredentials,
  NotFound,
  Overloaded,
  ReauthenticationRequired,
  RefreshRefused,
  StoreUnavailable,
  Taken,
  TokenRefused,
} from '../errors.ts';
import { wwwAuthenticate } from '../guard/bearer.ts';
import { createProblem, type Problem } from './problem.ts';
import { RequestRefused } from './request-refused.ts';

export interface ErrorAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** What Fastify's own refusals are called here. */
const FASTIFY_CODES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_content_length',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_BAD_URL: 'invalid_url',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid_url',
  FST_ERR_VALIDATION: 'invalid_input',
};

const DETAILS: Readonly<Record<string, string>> = {
  body_too_large: 'The body is too large: 64 KiB is the limit.',
  unsupported_media_type: 'Send JSON with "Content-Type: application/json".',
  invalid_content_length: 'The body is not as long as Content-Length says.',
  invalid_json: 'The body is not valid JSON.',
  invalid_url: 'The address is not a valid one.',
};

/** Turns whatever was thrown into what the caller may know. Never a stack, never the message of a failure of ours. */
export function toErrorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof InvalidInput) {
    const errors = error.problems.map(({ field, problem }) => ({ field, detail: problem }));
    return { problem: { ...createProblem(400, error.code, error.message), errors }, headers: {} };
  }
  if (error instanceof LatchkeyError) {
    const status = findStatus(error);
    if (status !== undefined) {
      return {
        problem: createProblem(status, error.code, error.message),
        headers: createHeaders(error, status),
      };
    }
  }
  const problem = findRefusal(error);
  if (problem !== undefined) return { problem, headers: {} };
  return { problem: createProblem(500, 'internal_error', INTERNAL), headers: {} };
}

const INTERNAL = 'Something went wrong on our side. Nothing was changed. Try again later.';

function findStatus(error: LatchkeyError): number | undefined {
  if (error instanceof RequestRefused) return error.status;
  if (error instanceof MultipleCredentials) return 400;
  if (error instanceof TokenRefused || error instanceof RefreshRefused) return 401;
  if (error instanceof CredentialsRefused || error instanceof ReauthenticationRequired) return 401;
  if (error instanceof AccountDisabled || error instanceof Forbidden) return 403;
  if (error instanceof NotFound) return 404;
  if (error instanceof Taken) return 409;
  if (error instanceof Overloaded || error instanceof StoreUnavailable) return 503;
  return undefined;
}

function createHeaders(error: LatchkeyError, status: number): Record<string, string> {
  if (error instanceof Overloaded || error instanceof StoreUnavailable) {
    return { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfter))) };
  }
  const challenged =
    status === 401 || (error instanceof Forbidden && error.code === 'insufficient_scope');
  return challenged ? { 'www-authenticate': wwwAuthenticate(error) } : {};
}

/**
 * What Fastify refused by itself, or the host by throwing: by Fastify's convention, an error that names
 * a status under 500 is meant for the caller, message and all.
 */
function findRefusal(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const { statusCode, message } = error;
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = FASTIFY_CODES[code] ?? 'request_refused';
  return createProblem(statusCode, known, DETAILS[known] ?? toSentence(message));
}

function toSentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.…!?]$/.test(begun) ? begun : `${begun}.`;
}
