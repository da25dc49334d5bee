import type {
  AccessDenied,
  AccountDisabled,
  CredentialsRefused,
  FactorRefused,
  IdentifierTaken,
  MailUnavailable,
  MultipleCredentials,
  OneTimeSecretRefused,
  ReauthenticationRequired,
  RecordNotFound,
  RefreshRefused,
  RegistrationClosed,
  ServerOverloaded,
  SignInIncomplete,
  StoreUnavailable,
  TokenErrorCode,
} from '../../../kernel/errors.ts';

/** The codes whose sentence a host can replace. */
export type DetailCode =
  | TokenErrorCode
  | RefreshRefused['code']
  | CredentialsRefused['code']
  | OneTimeSecretRefused['code']
  | SignInIncomplete['code']
  | FactorRefused['code']
  | AccountDisabled['code']
  | AccessDenied['code']
  | ReauthenticationRequired['code']
  | MultipleCredentials['code']
  | IdentifierTaken['code']
  | RecordNotFound['code']
  | RegistrationClosed['code']
  | ServerOverloaded['code']
  | MailUnavailable['code']
  | StoreUnavailable['code'];

/** Sentences for people, by code: the `detail` of the problem documents with that code. */
export type ErrorDetails = Readonly<Partial<Record<DetailCode, string>>>;

/** The compiler keeps this complete. */
const CODES: Readonly<Record<DetailCode, true>> = {
  token_missing: true,
  token_malformed: true,
  token_untrusted: true,
  token_bad_signature: true,
  token_invalid_claims: true,
  token_expired: true,
  token_not_yet_valid: true,
  token_wrong_issuer: true,
  token_wrong_audience: true,
  token_revoked: true,
  user_gone: true,
  refresh_token_missing: true,
  refresh_token_invalid: true,
  refresh_token_expired: true,
  refresh_token_reused: true,
  session_ended: true,
  invalid_credentials: true,
  one_time_secret_refused: true,
  password_change_required: true,
  mfa_required: true,
  invalid_code: true,
  account_disabled: true,
  insufficient_role: true,
  insufficient_permission: true,
  administrator_protected: true,
  last_administrator: true,
  insufficient_scope: true,
  cross_site_request: true,
  insufficient_user_authentication: true,
  multiple_credentials: true,
  username_taken: true,
  email_taken: true,
  not_found: true,
  registration_closed: true,
  overloaded: true,
  mail_unavailable: true,
  store_unavailable: true,
};

/**
 * Checks the codes: a misspelt one would be ignored silently, and callers would see another sentence than the host
 * wrote.
 * @throws {TypeError} naming an unknown code, or one whose sentence is not a text
 */
export function parseErrorDetails(given: ErrorDetails = {}): ReadonlyMap<string, string> {
  const details = new Map<string, string>();
  for (const [code, detail] of Object.entries(given)) {
    if (!Object.hasOwn(CODES, code)) {
      const known = Object.keys(CODES).join(', ');
      throw new TypeError(`details: there is no code "${code}". The codes are ${known}.`);
    }
    if (detail === undefined) continue;
    if (typeof detail !== 'string' || detail.trim() === '') {
      throw new TypeError(`details.${code}: give a sentence for people.`);
    }
    details.set(code, detail);
  }
  return details;
}
