import { LatchkeyError } from './latchkey-error.ts';

/** One thing that is wrong with the input. */
export interface InputProblem {
  /** The member's name, or `''` for the input as a whole. */
  readonly field: string;
  /** A sentence for a person. */
  readonly problem: string;
  /** Stable, for programs: which rule was broken. Not all rules have one. */
  readonly code?: string;
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

/** People cannot register here: the operator creates the accounts. */
export class RegistrationClosed extends LatchkeyError {
  override readonly code = 'registration_closed';
  constructor() {
    super('Registration is closed. Ask the operator of this service for an account.');
  }
  override get status(): 403 {
    return 403;
  }
}

/** There is no such record, or it is not the caller's. Deliberately not told apart. */
export class RecordNotFound extends LatchkeyError {
  override readonly code = 'not_found';
  override get status(): 404 {
    return 404;
  }
}
