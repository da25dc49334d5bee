import { type InputProblem, isLatchkeyError, type LatchkeyError } from '../../kernel/errors.ts';
import { wwwAuthenticate } from '../request/bearer.ts';
import { createProblem, type FieldError, type Problem } from './problem.ts';

/** The part of an error that a client may know, as HTTP. */
export interface ErrorResponseParts {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Members that only some errors have. They are read by name, as an error may be of another package. */
interface Details {
  readonly problems?: readonly InputProblem[];
  /** Seconds. */
  readonly retryAfter?: number;
}

/** Members of the error for a sign-in that needs one more step. */
interface NextStep {
  readonly challenge: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly methods?: readonly string[];
  readonly enroll?: readonly string[];
}

/** Members of the error for an authentication that is too old or too weak. */
interface StepUp {
  /** Seconds. */
  readonly maxAuthAge: number;
  readonly acrValues?: readonly string[];
}

/** Returns the response to an error of Latchkey. Undefined: the error is not meant for a client. */
export function findErrorResponse(error: unknown): ErrorResponseParts | undefined {
  if (!isLatchkeyError(error) || error.status === undefined) return undefined;
  const { problems, retryAfter }: LatchkeyError & Details = error;
  const problem: Problem = {
    ...createProblem(error.status, error.code, error.message),
    ...(isIncomplete(error) ? describeStep(error) : {}),
    ...(needsStepUp(error) ? describeStepUp(error) : {}),
    ...(problems === undefined ? {} : { errors: problems.map(toFieldError) }),
  };
  const headers: Record<string, string> = {};
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfter)));
  if (isLimited(error)) headers['ratelimit'] = `"${error.policy}";r=0;t=${error.retryAfter}`;
  if (isChallenged(error)) headers['www-authenticate'] = wwwAuthenticate(error);
  return { problem, headers };
}

/** Asks for the code, so that a member of the same name in another error is never sent to a client. */
function isIncomplete(error: LatchkeyError): error is LatchkeyError & NextStep {
  return error.code === 'password_change_required' || error.code === 'mfa_required';
}

function describeStep({ challenge, expiresIn, methods, enroll }: NextStep): Partial<Problem> {
  return {
    challenge,
    expires_in: expiresIn,
    ...(methods === undefined ? {} : { methods }),
    ...(enroll === undefined ? {} : { enroll }),
  };
}

function needsStepUp(error: LatchkeyError): error is LatchkeyError & StepUp {
  return error.code === 'insufficient_user_authentication';
}

function describeStepUp({ maxAuthAge, acrValues = [] }: StepUp): Partial<Problem> {
  return {
    max_age: maxAuthAge,
    ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(' ') }),
  };
}

/**
 * Only such a refusal says anything about a limit: with every response, it would tell how often others have tried.
 * @see draft-ietf-httpapi-ratelimit-headers-10 section 4
 */
function isLimited(
  error: LatchkeyError,
): error is LatchkeyError & { readonly policy: string; readonly retryAfter: number } {
  return error.code === 'too_many_attempts';
}

function toFieldError({ field, problem, code }: InputProblem): FieldError {
  return { field, detail: problem, ...(code === undefined ? {} : { code }) };
}

function isChallenged({ status, code }: LatchkeyError): boolean {
  return status === 401 || code === 'insufficient_scope';
}
