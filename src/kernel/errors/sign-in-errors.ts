import { LatchkeyError } from './latchkey-error.ts';

/**
 * The password is wrong, or there is no such user. Deliberately not told apart: a stranger must not learn which users
 * there are.
 */
export class CredentialsRefused extends LatchkeyError {
  override readonly code = 'invalid_credentials';
  constructor(message = 'Incorrect username or password') {
    super(message);
  }
  override get status(): 401 {
    return 401;
  }
  override get oauthError(): 'invalid_grant' {
    return 'invalid_grant';
  }
}

/** Which limit refused an attempt: of the account, of the caller's network, or of accounts that a network creates. */
export type LimitPolicy = 'account' | 'address' | 'registrations';

/**
 * Too many attempts failed before this one, so it was not tried. The answer is the same whether the account exists or
 * not, and whether the password was right.
 */
export class TooManyAttempts extends LatchkeyError {
  override readonly code = 'too_many_attempts';
  /** The limit that was reached. */
  readonly policy: LimitPolicy;
  /** Seconds after which the next attempt is admitted, at least 1. Another attempt may be admitted first. */
  readonly retryAfter: number;
  constructor(policy: LimitPolicy, retryAfter: number) {
    const seconds = Math.max(1, Math.ceil(retryAfter));
    const wait =
      seconds < 120 ? plural(seconds, 'second') : plural(Math.ceil(seconds / 60), 'minute');
    super(`${REFUSALS[policy]} Try again in ${wait}.`);
    this.policy = policy;
    this.retryAfter = seconds;
  }
  override get status(): 429 {
    return 429;
  }
}

const REFUSALS: Readonly<Record<LimitPolicy, string>> = {
  account: 'Too many attempts for this account failed.',
  address: 'Too many attempts from this network failed.',
  registrations: 'Too many accounts were created from this network.',
};

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/**
 * A link, a code or a challenge is not accepted: it is unknown, used, expired, or was made for something else.
 * Deliberately not told apart.
 */
export class OneTimeSecretRefused extends LatchkeyError {
  override readonly code = 'one_time_secret_refused';
  constructor() {
    super('This link or code is not valid. It may have expired or been used. Ask for a new one.');
  }
  override get status(): 401 {
    return 401;
  }
  override get oauthError(): 'invalid_grant' {
    return 'invalid_grant';
  }
}

/**
 * The code of a second factor is wrong, was used, or has expired. Deliberately not told apart.
 */
export class FactorRefused extends LatchkeyError {
  override readonly code = 'invalid_code';
  constructor() {
    super('This code is not valid. It may have been used or have expired. Enter a new one.');
  }
  override get status(): 401 {
    return 401;
  }
  override get oauthError(): 'invalid_grant' {
    return 'invalid_grant';
  }
}

/** The next step of a sign-in. */
export interface NextStep {
  /** `mfa_required`: a second factor. `password_change_required`: a new password. */
  readonly code: 'mfa_required' | 'password_change_required';
  /** A secret that the client presents with the next step. */
  readonly challenge: string;
  /** Seconds until the challenge expires. */
  readonly expiresIn: number;
  /** The methods that the account has. Only with `mfa_required`. */
  readonly methods?: readonly string[];
  /** What can be set up, if the account has no factor and needs one. Only with `mfa_required`. */
  readonly enroll?: readonly string[];
}

/**
 * What the user proved is right, and the sign-in needs one more step. There is no session yet.
 */
export class SignInIncomplete extends LatchkeyError implements NextStep {
  /** Which step it is. */
  override readonly code: NextStep['code'];
  /** A secret that the client presents with the next step. */
  readonly challenge: string;
  /** Seconds until the challenge expires. */
  readonly expiresIn: number;
  /** The methods that the account has. Only with `mfa_required`. */
  readonly methods?: readonly string[];
  /** What can be set up, if the account has no factor and needs one. Only with `mfa_required`. */
  readonly enroll?: readonly string[];
  constructor(step: NextStep) {
    super(describeStep(step));
    this.code = step.code;
    this.challenge = step.challenge;
    this.expiresIn = step.expiresIn;
    if (step.methods !== undefined) this.methods = step.methods;
    if (step.enroll !== undefined) this.enroll = step.enroll;
  }
  override get status(): 401 {
    return 401;
  }
  override get oauthError(): 'invalid_grant' {
    return 'invalid_grant';
  }
}

/**
 * A host's hook refuses a registration or a sign-in. Throw it in `beforeRegister` or `beforeSignIn`: the response is 403
 * `refused_by_host` with your sentence.
 */
export class HostRefusal extends LatchkeyError {
  override readonly code = 'refused_by_host';
  /** @param message a sentence for the user, that says what to do */
  constructor(message: string) {
    super(message);
  }
  override get status(): 403 {
    return 403;
  }
  override get oauthError(): 'invalid_grant' {
    return 'invalid_grant';
  }
}

/** The password was right and the account is disabled. */
export class AccountDisabled extends LatchkeyError {
  override readonly code = 'account_disabled';
  constructor() {
    super('This account is disabled. Ask an administrator to enable it.');
  }
  override get status(): 403 {
    return 403;
  }
  override get oauthError(): 'invalid_grant' {
    return 'invalid_grant';
  }
}

/** The refresh token is missing, not valid, or no longer valid. */
export class RefreshRefused extends LatchkeyError {
  /** Why the token was refused. `refresh_token_reused`: it had been replaced before, so the session was ended. */
  readonly code:
    | 'refresh_token_missing'
    | 'refresh_token_invalid'
    | 'refresh_token_expired'
    | 'refresh_token_reused'
    | 'session_ended'
    | 'user_gone';
  constructor(code: RefreshRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
  override get status(): 401 {
    return 401;
  }
  override get oauthError(): 'invalid_grant' {
    return 'invalid_grant';
  }
}

function describeStep({ code, enroll = [] }: NextStep): string {
  if (code === 'password_change_required') {
    return 'This account needs a new password before it can be used. Choose one to sign in.';
  }
  return enroll.length > 0
    ? 'This account needs a second factor before it can be used. Set one up to sign in.'
    : 'This account has a second factor. Enter a code of the authenticator app, or a recovery code.';
}
