import {
  AccountDisabled,
  CredentialsRefused,
  Forbidden,
  InvalidInput,
  LatchkeyError,
  MultipleCredentials,
  NotFound,
  ReauthenticationRequired,
  RefreshRefused,
  Taken,
  TokenRefused,
  TryAgainLater,
} from '../errors.ts';
import { wwwAuthenticate } from './bearer.ts';
import { createProblem, type Problem } from './problem.ts';

/** An error as HTTP: what the caller may know of it. */
export interface ErrorAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer to an error of Latchkey's; undefined where the error means nothing to a caller. */
export function findErrorAnswer(error: unknown): ErrorAnswer | undefined {
  if (!(error instanceof LatchkeyError)) return undefined;
  const status = findStatus(error);
  if (status === undefined) return undefined;
  const problem = createProblem(status, error.code, error.message);
  if (error instanceof InvalidInput) {
    const errors = error.problems.map(({ field, problem: detail }) => ({ field, detail }));
    return { problem: { ...problem, errors }, headers: {} };
  }
  return { problem, headers: createHeaders(error, status) };
}

function findStatus(error: LatchkeyError): number | undefined {
  if (error instanceof InvalidInput || error instanceof MultipleCredentials) return 400;
  if (error instanceof TokenRefused || error instanceof RefreshRefused) return 401;
  if (error instanceof CredentialsRefused || error instanceof ReauthenticationRequired) return 401;
  if (error instanceof AccountDisabled || error instanceof Forbidden) return 403;
  if (error instanceof NotFound) return 404;
  if (error instanceof Taken) return 409;
  return error instanceof TryAgainLater ? 503 : undefined;
}

function createHeaders(error: LatchkeyError, status: number): Record<string, string> {
  if (error instanceof TryAgainLater) {
    return { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfter))) };
  }
  const challenged =
    status === 401 || (error instanceof Forbidden && error.code === 'insufficient_scope');
  return challenged ? { 'www-authenticate': wwwAuthenticate(error) } : {};
}
