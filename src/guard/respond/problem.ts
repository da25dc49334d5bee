import { STATUS_CODES } from 'node:http';

/** A problem document. @see RFC 9457 section 3.1 */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  /** A sentence for a person. */
  readonly detail: string;
  /** Stable, for programs. */
  readonly code: string;
  /** If a sign-in needs one more step: the secret to present with it. */
  readonly challenge?: string;
  /** Seconds until the challenge expires. */
  readonly expires_in?: number;
  /** If a second factor is required: how it can be presented. */
  readonly methods?: readonly string[];
  /** If a second factor is required and the account has none: what can be set up. */
  readonly enroll?: readonly string[];
  /** If the user must authenticate again: the most seconds since then. @see RFC 9470 section 3 */
  readonly max_age?: number;
  /** If the user must authenticate again in a certain way: the values of `acr` that are enough, with spaces between. */
  readonly acr_values?: string;
  /** If the input is invalid: which members, and why. */
  readonly errors?: readonly FieldError[];
}

/** What is wrong with one member of the input. */
export interface FieldError {
  readonly field: string;
  /** A sentence for a person. */
  readonly detail: string;
  /** Stable, for programs. Not all have one. */
  readonly code?: string;
}

/** Creates a problem document with the usual title of its status. */
export function createProblem(status: number, code: string, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code };
}
