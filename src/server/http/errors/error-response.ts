import {
  type ErrorResponseParts,
  findErrorResponse,
} from '../../../guard/respond/find-error-response.ts';
import { createProblem, type Problem } from '../../../guard/respond/problem.ts';
import { isLatchkeyError } from '../../../kernel/errors.ts';
import { RequestRefused } from './request-refused.ts';

/** Our codes for what Fastify refuses by itself. */
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

/** The sentences of our own routes for these. A host's routes may have other limits and take other bodies. */
const DETAILS: Readonly<Record<string, string>> = {
  body_too_large: 'The body is too large: 64 KiB is the limit.',
  unsupported_media_type: 'Send JSON with "Content-Type: application/json".',
  invalid_content_length: 'The body is not as long as Content-Length says.',
  invalid_json: 'The body is not valid JSON.',
  invalid_url: 'The address is not valid.',
};

/** What the caller may know of an error, as a problem document and in the words of OAuth 2.0. */
interface ErrorResponse extends ErrorResponseParts {
  /** @see RFC 6749 section 5.2 */
  readonly oauthError: string;
}

/** Turns what was thrown into what the caller may know: never a stack, nor the message of an internal failure. */
export function toErrorResponse(error: unknown): ErrorResponse {
  const failure = findHostRefusal(error) ?? error;
  const oauthError = isLatchkeyError(failure) ? failure.oauthError : 'server_error';
  const answer = findErrorResponse(error);
  if (answer !== undefined) return { ...answer, oauthError };
  const problem =
    failure instanceof RequestRefused
      ? describeRefusal(failure)
      : createProblem(500, 'internal_error', INTERNAL);
  return { problem, headers: {}, oauthError };
}

const INTERNAL = 'Something went wrong on our side. Nothing was changed. Try again later.';

/**
 * What a host's route refused, or Fastify in its place, with the message unchanged. By Fastify's convention an error
 * with a status from 400 to 499 is meant for the caller.
 */
export function findHostRefusal(error: unknown): RequestRefused | undefined {
  if (isLatchkeyError(error)) return undefined;
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const { statusCode, message } = error;
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = FASTIFY_CODES[code] ?? 'request_refused';
  return new RequestRefused(statusCode, known, message || 'The request was refused.');
}

/** What Fastify refused before or in a route of ours, as a problem document. */
function describeRefusal({ status, code, message }: RequestRefused): Problem {
  return createProblem(status, code, DETAILS[code] ?? toSentence(message));
}

function toSentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.…!?]$/.test(begun) ? begun : `${begun}.`;
}
