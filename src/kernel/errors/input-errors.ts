import { LatchkeyError } from './latchkey-error.ts';

/** One thing that is wrong with the input. */
export interface InputProblem {
  /** The member's name, or `''` for the input as a whole. */
  readonly field: string;
  /** A sentence for a person. */
  readonly problem: string;
}

/** The input is invalid: a member is missing, unknown, too long, or of the wrong type. */
export class InvalidInput extends LatchkeyError {
  override readonly code = 'invalid_input';
  /** All that is wrong, at least one. */
  readonly problems: readonly InputProblem[];
  constructor(problems: readonly InputProblem[]) {
    super(problems.map((p) => p.problem).join(' '));
    this.problems = problems;
  }
  override get status(): 400 {
    return 400;
  }
}

/** Another user already has this username or email address. */
export class IdentifierTaken extends LatchkeyError {
  /** Which of the two is taken. */
  override readonly code: 'username_taken' | 'email_taken';
  /** Which of the two is taken. */
  readonly field: 'username' | 'email';
  constructor(field: 'username' | 'email') {
    super(`This ${field} is taken. Choose another, or sign in.`);
    this.field = field;
    this.code = `${field}_taken`;
  }
  override get status(): 409 {
    return 409;
  }
}

/** There is no such record, or it is not the caller's. Deliberately not told apart. */
export class RecordNotFound extends LatchkeyError {
  override readonly code = 'not_found';
  override get status(): 404 {
    return 404;
  }
}
