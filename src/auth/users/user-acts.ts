import type { AccessTokenClaims } from '../../jwt/access-token.ts';
import { anonymousCaller, type Caller } from '../audit/caller.ts';
import { listOwnEvents, type OwnEventPage } from '../audit/own-events.ts';
import type { Clients } from '../clients/clients.ts';
import type { AuthContext } from '../context.ts';
import { changePassword, type PasswordChangeInput } from '../credentials/change-password.ts';
import {
  changeRequiredPassword,
  type RequiredPasswordChangeInput,
} from '../credentials/required-password-change.ts';
import { completeSignIn, type SecondFactorInput } from '../credentials/second-factors/challenge.ts';
import type { User } from '../model.ts';
import { findRefreshToken, type LiveRefreshToken } from '../oauth/find-refresh-token.ts';
import type { Page } from '../page.ts';
import * as account from '../sessions/account.ts';
import { login } from '../sessions/login.ts';
import type { LoginInput } from '../sessions/login-input.ts';
import type { Principal } from '../sessions/principal.ts';
import {
  type ReauthenticationInput,
  reauthenticate,
} from '../sessions/reauthentication/reauthenticate.ts';
import { refresh } from '../sessions/refresh.ts';
import type { SignInResult } from '../sessions/sign-in-result.ts';
import type { IssuedTokens } from '../sessions/tokens/issued-tokens.ts';
import type { TokenLimits } from '../sessions/tokens/token-limits.ts';
import type { NewUserInput } from './new-user.ts';
import type { AccountChanges } from './own-account.ts';
import { createAccount, register } from './register.ts';

/**
 * What people do with their accounts: sign up, sign in, refresh, sign out, change their password.
 *
 * Every method that takes an input has two entries. The typed one is for your own code. The one whose name ends
 * in `Raw` takes what a request sent, as it came. Both read it equally strictly: an unknown member, a wrong type or
 * a length out of bounds is an {@link InvalidInput} that names all problems.
 *
 * Parameters that many methods share:
 * - `caller`: who asks, for the audit trail and the list of sessions. Default: an anonymous caller.
 * - `limits`: how many characters the tokens may have, if what carries them holds less than a verifier accepts,
 *   such as a cookie. A longer one is a `RangeError`, and nothing is written. Default: none.
 * - `clientId`: the client that asks, which has proved who it is: see {@link Clients.resolve}. Default: null, the
 *   first party.
 *
 * Every method that reads or writes the database may throw {@link StoreUnavailable}, and every one that takes a
 * password {@link ServerOverloaded}, when too many passwords are being hashed, and {@link TooManyAttempts}, when too
 * many attempts failed before (see the option `limits`).
 */
export class UserActs {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /**
   * Creates a user and signs the user in, in one transaction.
   *
   * ```ts
   * const { user, accessToken } = await auth.register({ username: 'jane', password });
   * ```
   * @throws {InvalidInput}
   * @throws {IdentifierTaken} when another user has the username or the email address
   * @throws {RegistrationClosed} when the setting `registration` is `closed`
   * @throws {HostRefusal} when a hook of the host refuses
   */
  register(input: NewUserInput, caller?: Caller, limits?: TokenLimits): Promise<IssuedTokens> {
    return this.registerRaw(input, caller, limits);
  }

  /** Does the same as {@link register} with what a request sent. */
  registerRaw(
    input: unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
  ): Promise<IssuedTokens> {
    return register(this.#context, input, caller, limits);
  }

  /**
   * Creates a user and starts no session.
   * @throws {InvalidInput}
   * @throws {IdentifierTaken} when another user has the username or the email address
   * @throws {RegistrationClosed} when the setting `registration` is `closed`
   * @throws {HostRefusal} when a hook of the host refuses
   */
  createAccount(input: NewUserInput, caller?: Caller): Promise<User> {
    return this.createAccountRaw(input, caller);
  }

  /** Does the same as {@link createAccount} with what a request sent. */
  createAccountRaw(input: unknown, caller: Caller = anonymousCaller): Promise<User> {
    return createAccount(this.#context, input, caller);
  }

  /**
   * Signs a user in by password. An unknown user takes as long as a known one.
   * @returns tokens, or a challenge when a new password is required: see {@link SignInResult} for an example
   * @throws {InvalidInput}
   * @throws {CredentialsRefused} when the user is unknown or the password is wrong: one error for both
   * @throws {AccountDisabled} only if the password was right
   * @throws {HostRefusal} when a hook of the host refuses; only if the password was right
   */
  login(
    input: LoginInput,
    caller?: Caller,
    limits?: TokenLimits,
    clientId?: string | null,
  ): Promise<SignInResult> {
    return this.loginRaw(input, caller, limits, clientId);
  }

  /** Does the same as {@link login} with what a request sent. */
  loginRaw(
    input: unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
    clientId: string | null = null,
  ): Promise<SignInResult> {
    return login(this.#context, input, caller, limits, clientId);
  }

  /**
   * Exchanges a refresh token for a new access token and a refresh token. Within the grace window, a token that was
   * already exchanged gets the same successor. After it, such a token ends the session: it may have been stolen.
   * @throws {RefreshRefused} when the token is not valid, has expired or was reused, or its session has ended
   */
  refresh(
    refreshToken: string,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
    clientId: string | null = null,
  ): Promise<IssuedTokens> {
    return refresh(this.#context, refreshToken, caller, limits, clientId);
  }

  /** Reads the user of an access token, as stored now. @throws {TokenRefused} when the user was deleted */
  findMe(principal: Principal): Promise<User> {
    return account.findMe(this.#context, principal);
  }

  /** Ends the session of an access token, and refuses its access tokens even if the session had ended before. */
  logout(principal: Principal, caller: Caller = anonymousCaller): Promise<void> {
    return account.logout(this.#context, principal, caller);
  }

  /** Ends the session of a refresh token, of any generation. @throws {RefreshRefused} if it is not ours or expired */
  logoutByRefreshToken(refreshToken: string, caller: Caller = anonymousCaller): Promise<void> {
    return account.logoutByRefreshToken(this.#context, refreshToken, caller);
  }

  /** Ends all sessions of the user. */
  logoutAll(principal: Principal, caller: Caller = anonymousCaller): Promise<void> {
    return account.logoutAll(this.#context, principal, caller);
  }

  /**
   * Replaces the password, ends every other session, and issues new tokens for this one. Its old tokens are refused
   * from then on, without a grace window, so a thief who copied them loses access.
   * @throws {InvalidInput}
   * @throws {CredentialsRefused} when the current password is wrong
   * @throws {ReauthenticationRequired} when the account has a second factor that was not presented recently
   * @throws {TokenRefused} when the session has ended or the user was deleted
   */
  changePassword(
    principal: Principal,
    input: PasswordChangeInput,
    caller?: Caller,
    limits?: TokenLimits,
  ): Promise<IssuedTokens> {
    return this.changePasswordRaw(principal, input, caller, limits);
  }

  /** Does the same as {@link changePassword} with what a request sent. */
  changePasswordRaw(
    principal: Principal,
    input: unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
  ): Promise<IssuedTokens> {
    return changePassword(this.#context, principal, input, caller, limits);
  }

  /**
   * Lets the user of a session authenticate again, for what needs a recent authentication. It is still the same session:
   * `auth_time` becomes now, the refresh token is replaced without a grace window, and access tokens that were issued
   * before are refused. The user's other sessions live on; they need a refresh. A user with a second factor presents that.
   * @throws {InvalidInput}
   * @throws {CredentialsRefused} when the password is wrong
   * @throws {FactorRefused} when the code is wrong or was used
   * @throws {ReauthenticationRequired} when a password is presented and the account has a second factor
   * @throws {TokenRefused} when the session has ended or the user was deleted
   * @see RFC 9470
   */
  reauthenticate(
    principal: Principal,
    input: ReauthenticationInput,
    caller?: Caller,
    limits?: TokenLimits,
  ): Promise<IssuedTokens> {
    return this.reauthenticateRaw(principal, input, caller, limits);
  }

  /** Does the same as {@link reauthenticate} with what a request sent. */
  reauthenticateRaw(
    principal: Principal,
    input: unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
  ): Promise<IssuedTokens> {
    return reauthenticate(this.#context, principal, input, caller, limits);
  }

  /**
   * Completes a sign-in that needs a second factor. After five wrong codes the challenge ends, and the user starts again.
   * @returns tokens, or a challenge when a new password is required as well
   * @throws {InvalidInput} the challenge can be presented again
   * @throws {FactorRefused} when the code is wrong or was used
   * @throws {OneTimeSecretRefused} when the challenge is not valid, has expired, was used or has ended
   * @throws {TooManyAttempts} when ten codes for the account were wrong within an hour
   * @throws {AccountDisabled}
   */
  completeSignIn(
    input: SecondFactorInput,
    caller?: Caller,
    limits?: TokenLimits,
  ): Promise<SignInResult> {
    return this.completeSignInRaw(input, caller, limits);
  }

  /** Does the same as {@link completeSignIn} with what a request sent. */
  completeSignInRaw(
    input: unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
  ): Promise<SignInResult> {
    return completeSignIn(this.#context, input, caller, limits);
  }

  /**
   * Completes a sign-in that needs a new password: sets it, and starts the session in the same transaction. All
   * other sessions of the user end.
   * @throws {InvalidInput} the challenge can be presented again
   * @throws {OneTimeSecretRefused} when the challenge is not valid, has expired or was used
   * @throws {AccountDisabled}
   */
  changeRequiredPassword(
    input: RequiredPasswordChangeInput,
    caller?: Caller,
    limits?: TokenLimits,
  ): Promise<IssuedTokens> {
    return this.changeRequiredPasswordRaw(input, caller, limits);
  }

  /** Does the same as {@link changeRequiredPassword} with what a request sent. */
  changeRequiredPasswordRaw(
    input: unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
  ): Promise<IssuedTokens> {
    return changeRequiredPassword(this.#context, input, caller, limits);
  }

  /**
   * Changes the username, the name for display and the host's own fields of the user. The address has a way of its own.
   * Access tokens that were issued before are refused, as they may carry what changed; sessions live on.
   * @throws {InvalidInput}
   * @throws {IdentifierTaken} when another user has the username
   * @throws {AccountDisabled}
   * @throws {TokenRefused} when the user was deleted
   */
  updateMe(principal: Principal, changes: AccountChanges, caller?: Caller): Promise<User> {
    return this.updateMeRaw(principal, changes, caller);
  }

  /** Does the same as {@link updateMe} with what a request sent. */
  async updateMeRaw(
    principal: Principal,
    input: unknown,
    caller: Caller = anonymousCaller,
  ): Promise<User> {
    const { updateMe } = await import('./own-account.ts');
    return updateMe(this.#context, principal, input, caller);
  }

  /**
   * Deletes the user, for good: all sessions end, and audit events lose address and user agent.
   * @param adminRole the role of administrators. The last enabled one is not deleted. Default: there are none
   * @throws {ReauthenticationRequired} when the user authenticated more than 10 minutes ago
   * @throws {AccessDenied} when it is the last enabled administrator
   * @throws {TokenRefused} when the session has ended or the user was deleted
   */
  async deleteMe(
    principal: Principal,
    caller: Caller = anonymousCaller,
    adminRole?: string,
  ): Promise<void> {
    const { deleteMe } = await import('./own-account.ts');
    return deleteMe(this.#context, principal, caller, adminRole);
  }

  /**
   * Lists the live sessions of the user, the latest first.
   * @param page Default: the first 100
   * @throws {InvalidInput}
   */
  listSessions(principal: Principal, page: Page = {}): Promise<account.SessionPage> {
    return this.listSessionsRaw(principal, page);
  }

  /** Does the same as {@link listSessions} with the query of a request, where every value is text. */
  listSessionsRaw(principal: Principal, page: unknown): Promise<account.SessionPage> {
    return account.listSessions(this.#context, principal, page);
  }

  /** Ends one session of the user. @throws {RecordNotFound} when the user has no such session */
  endSession(
    principal: Principal,
    sessionId: string,
    caller: Caller = anonymousCaller,
  ): Promise<void> {
    return account.endSession(this.#context, principal, sessionId, caller);
  }

  /**
   * Lists the audit events about the user, the newest first: sign-ins, failed ones too, changes, ended sessions.
   * @param page Default: the first 100
   * @throws {InvalidInput}
   */
  listEvents(principal: Principal, page: Page = {}): Promise<OwnEventPage> {
    return this.listEventsRaw(principal, page);
  }

  /** Does the same as {@link listEvents} with the query of a request, where every value is text. */
  listEventsRaw(principal: Principal, page: unknown): Promise<OwnEventPage> {
    return listOwnEvents(this.#context, principal, page);
  }

  /** Revokes one access token by its `jti`. Its session lives on. */
  revokeToken(
    claims: Pick<AccessTokenClaims, 'sub' | 'sid' | 'jti'>,
    caller: Caller = anonymousCaller,
  ): Promise<void> {
    return account.revokeToken(this.#context, claims, caller);
  }

  /** Whether a refresh token is one of ours. It may have expired, and its session may have ended. */
  ownsRefreshToken(token: string): boolean {
    return this.#context.refreshTokens.owns(token);
  }

  /**
   * Finds the session of a refresh token that would be accepted now. The token is not used up, and a token that was
   * already exchanged does not end its session.
   * @returns undefined if it would not be accepted
   */
  findRefreshToken(token: string): Promise<LiveRefreshToken | undefined> {
    return findRefreshToken(this.#context, token);
  }
}
