/**
 * On the errors of every copy of this code in a process. Several packages carry it, and an `instanceof` in one
 * would not recognise the errors of another.
 */
const BRAND = Symbol.for('latchkey.error');

/**
 * Every failure Latchkey can name. Each has a stable `code`, and a `message` that tells a person what to do next. A
 * message never quotes a token, a password, a hash or a key.
 *
 * Tell errors apart by `code`, not by `instanceof`: an app may have two packages of Latchkey installed.
 */
export abstract class LatchkeyError extends Error {
  /** Stable, machine readable, snake_case. */
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
  /** The HTTP status of the response. Undefined for failures that no client causes: it sees a 500 without details. */
  get status(): number | undefined {
    return undefined;
  }
  /** The `error` of OAuth endpoints. @see RFC 6749 section 5.2 */
  get oauthError(): string {
    const { status = 500 } = this;
    if (status === 429 || status === 503) return 'temporarily_unavailable';
    return status >= 500 ? 'server_error' : 'invalid_request';
  }
  /** The `error` in a Bearer challenge. Undefined: the challenge names none. @see RFC 6750 section 3.1, RFC 9470 section 3 */
  get bearerError(): string | undefined {
    return undefined;
  }
  get [BRAND](): true {
    return true;
  }
}

/** Whether Latchkey threw this, whichever of its packages it comes from. */
export function isLatchkeyError(error: unknown): error is LatchkeyError {
  return error instanceof Error && BRAND in error;
}

/** Whether an access token was refused or missing, whichever package says so. */
export function isTokenRefusal(error: unknown): error is TokenRefused {
  if (!isLatchkeyError(error)) return false;
  return error.code === 'token_missing' || error.bearerError === 'invalid_token';
}

/** One thing wrong with the input, by the name of the member it was found in. */
export interface InputProblem {
  /** The member's name, or `''` for the input as a whole. */
  readonly field: string;
  /** A sentence for a person. */
  readonly problem: string;
}

/** The input is invalid: of a wrong type, missing, too long, or unknown. */
export class InvalidInput extends LatchkeyError {
  readonly code = 'invalid_input';
  readonly problems: readonly InputProblem[];
  constructor(problems: readonly InputProblem[]) {
    super(problems.map((p) => p.problem).join(' '));
    this.problems = problems;
  }
  override get status(): 400 {
    return 400;
  }
}

/** The codes a refused token can carry. */
export type TokenErrorCode =
  | 'token_missing'
  | 'token_malformed'
  | 'token_untrusted'
  | 'token_bad_signature'
  | 'token_invalid_claims'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_wrong_issuer'
  | 'token_wrong_audience'
  | 'token_revoked'
  | 'user_gone';

/** An access token is required, and none came or the one that came is not accepted. */
export class TokenRefused extends LatchkeyError {
  readonly code: TokenErrorCode;
  constructor(code: TokenErrorCode, message: string) {
    super(message);
    this.code = code;
  }
  override get status(): 401 {
    return 401;
  }
  override get bearerError(): 'invalid_token' | undefined {
    return this.code === 'token_missing' ? undefined : 'invalid_token';
  }
}

/** The refresh token is missing, not valid, or no longer valid. */
export class RefreshRefused extends LatchkeyError {
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

/** Wrong password, or no such user: deliberately not told apart. */
export class CredentialsRefused extends LatchkeyError {
  readonly code = 'invalid_credentials';
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

/**
 * A link, a code or a challenge that is not accepted: unknown, used, expired, or made for something else.
 * Deliberately not told apart.
 */
export class OneTimeSecretRefused extends LatchkeyError {
  readonly code = 'one_time_secret_refused';
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
 * What was proved is right, and the sign-in needs one more step: there is no session yet. The error's
 * `challenge` is a secret, to be presented with that step.
 */
export class SignInIncomplete extends LatchkeyError {
  readonly code = 'password_change_required';
  readonly challenge: string;
  /** Seconds in which the next step must be taken. */
  readonly expiresIn: number;
  constructor(challenge: string, expiresIn: number) {
    super('This account needs a new password before it can be used. Choose one to sign in.');
    this.challenge = challenge;
    this.expiresIn = expiresIn;
  }
  override get status(): 401 {
    return 401;
  }
  override get oauthError(): 'invalid_grant' {
    return 'invalid_grant';
  }
}

/** The password was right and the account is disabled. */
export class AccountDisabled extends LatchkeyError {
  readonly code = 'account_disabled';
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

/** The caller is authenticated and not allowed. */
export class AccessDenied extends LatchkeyError {
  readonly code: 'insufficient_role' | 'insufficient_scope' | 'cross_site_request';
  /** The scopes that are required, where one is missing. */
  readonly scopes: readonly string[];
  constructor(code: AccessDenied['code'], message: string, scopes: readonly string[] = []) {
    super(message);
    this.code = code;
    this.scopes = scopes;
  }
  override get status(): 403 {
    return 403;
  }
  override get bearerError(): 'insufficient_scope' | undefined {
    return this.code === 'cross_site_request' ? undefined : 'insufficient_scope';
  }
}

/**
 * The sign-in is too long ago for what is asked.
 * @see RFC 9470 section 3
 */
export class ReauthenticationRequired extends LatchkeyError {
  readonly code = 'reauthentication_required';
  /** Seconds that may have passed since the last sign-in with a password. */
  readonly maxAuthAge: number;
  constructor(maxAuthAge: number) {
    super(`Sign in again: this needs a sign-in no older than ${maxAuthAge} seconds.`);
    this.maxAuthAge = maxAuthAge;
  }
  override get status(): 401 {
    return 401;
  }
  override get bearerError(): 'insufficient_user_authentication' {
    return 'insufficient_user_authentication';
  }
}

/** Two credentials came where one is expected; choosing would be guessing. */
export class MultipleCredentials extends LatchkeyError {
  readonly code = 'multiple_credentials';
  override get status(): 400 {
    return 400;
  }
}

/** Another user has that name or address already. */
export class IdentifierTaken extends LatchkeyError {
  readonly code: 'username_taken' | 'email_taken';
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

/** What was asked for is not there, or is not the caller's. */
export class RecordNotFound extends LatchkeyError {
  readonly code = 'not_found';
  override get status(): 404 {
    return 404;
  }
}

/** The request is valid and may succeed later. */
export abstract class TryAgainLater extends LatchkeyError {
  /** Seconds. */
  readonly retryAfter: number;
  constructor(message: string, retryAfter = 1, options?: { cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfter = retryAfter;
  }
  override get status(): 503 {
    return 503;
  }
}

/** More work than can be queued. Nothing was done; try again. */
export class ServerOverloaded extends TryAgainLater {
  readonly code = 'overloaded';
}

/** The database does not answer, or refuses to write. Nothing was acknowledged. */
export class StoreUnavailable extends TryAgainLater {
  readonly code = 'store_unavailable';
  constructor(message: string, options?: { cause?: unknown; retryAfter?: number }) {
    super(message, options?.retryAfter, options);
  }
}

/** A guard has no keys yet, so it can tell no token from another. It goes on asking its issuer by itself. */
export class GuardNotReady extends TryAgainLater {
  readonly code = 'guard_not_ready';
}

/** A guard has heard nothing of revocations for longer than its options allow. */
export class RevocationsStale extends TryAgainLater {
  readonly code = 'revocations_stale';
}

/** A backup or a database that cannot be copied as asked. Nothing was changed. */
export class TransferRefused extends LatchkeyError {
  readonly code = 'transfer_refused';
}

/** A key that cannot be used, and why. */
export class KeyRefused extends LatchkeyError {
  readonly code: 'weak_key' | 'invalid_key' | 'wrong_key_type';
  constructor(code: KeyRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * An option in code that stops the start: its name is unknown, its value is undefined, or it is of the wrong
 * kind. A `TypeError`, as it is a mistake in the program and not in its settings.
 */
export class InvalidOption extends TypeError {
  readonly code = 'invalid_setting';
  /** The option, with those it lies within: `revocations.onStale`; `''` for the options as a whole. */
  readonly setting: string;
  constructor(setting: string, message: string) {
    super(message);
    this.setting = setting;
  }
}

/** A setting that stops the start: its name, what is wrong with it, and the fix. */
export class InvalidSetting extends LatchkeyError {
  readonly code = 'invalid_setting';
  readonly setting: string;
  constructor(setting: string, problem: string, fix: string) {
    super(`${setting}: ${problem} ${fix}`);
    this.setting = setting;
  }
}
