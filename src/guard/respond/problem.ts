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
  /** Where a sign-in needs one more step: the secret to present with it. */
  readonly challenge?: string;
  /** Seconds in which that step must be taken. */
  readonly expires_in?: number;
  /** Where input was refused: which members, and why. */
  readonly errors?: readonly { readonly field: string; readonly detail: string }[];
}

export function createProblem(status: number, code: string, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code };
}
