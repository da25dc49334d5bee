import type { AccessTokenClaims } from '../jwt/access-token.ts';
import type { Administration } from './administration/administration.ts';
import { AuditTrail } from './audit/audit-trail.ts';
import { anonymousCaller, type Caller } from './audit/caller.ts';
import type { AuditChain } from './audit/chain/audit-chain.ts';
import type { EventDelivery } from './audit/event-delivery.ts';
import { listOwnEvents, type OwnEventPage } from './audit/own-events.ts';
import { Clients } from './clients/clients.ts';
import type { AuthContext } from './context.ts';
import { changePassword, type PasswordChangeInput } from './credentials/change-password.ts';
import type { PasswordReset } from './credentials/password-reset/password-reset.ts';
import {
  changeRequiredPassword,
  type RequiredPasswordChangeInput,
} from './credentials/required-password-change.ts';
import { completeSignIn, type SecondFactorInput } from './credentials/second-factors/challenge.ts';
import { OwnFactors } from './credentials/second-factors/own-factors.ts';
import type { ActiveKeySet } from './keys/active-key-set.ts';
import type { KeyRotationService } from './keys/key-rotation-service.ts';
import type { SecretRotationService } from './keys/secret-rotation-service.ts';
import type { Lease } from './lease.ts';
import { reportRefusals, Throttling } from './limits/throttled.ts';
import type { MailDelivery } from './mail/mail-delivery.ts';
import { Outbox } from './mail/outbox.ts';
import type { User } from './model.ts';
import { findRefreshToken, type LiveRefreshToken } from './oauth/find-refresh-token.ts';
import type { Page } from './page.ts';
import type { MailSender } from './ports/mail-sender.ts';
import { purgeExpired } from './purge-expired.ts';
import type { RevocationLog } from './revocations/revocation-log.ts';
import * as account from './sessions/account.ts';
import { login } from './sessions/login.ts';
import type { LoginInput } from './sessions/login-input.ts';
import type { Principal } from './sessions/principal.ts';
import {
  type ReauthenticationInput,
  reauthenticate,
} from './sessions/reauthentication/reauthenticate.ts';
import { refresh } from './sessions/refresh.ts';
import type { SignInResult } from './sessions/sign-in-result.ts';
import type { IssuedTokens } from './sessions/tokens/issued-tokens.ts';
import type { TokenLimits } from './sessions/tokens/token-limits.ts';
import type { NewUserInput } from './users/new-user.ts';
import type { AccountChanges } from './users/own-account.ts';
import { createAccount, register } from './users/register.ts';
import { Users } from './users/users.ts';
import { WriteProbe } from './write-probe.ts';

/**
 * What people do with their accounts: sign up, sign in, refresh, sign out, change their password. It knows neither
 * HTTP nor SQL. `users` and `clients` are what operators do.
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
export class Auth {
  /** Users, for the host's own code and the command line. */
  readonly users: Users;
  /** Programs that authenticate with a key of their own, such as guards. */
  readonly clients: Clients;
  /** The second factors of signed-in users. */
  readonly factors: OwnFactors;
  /** Reads the audit trail. */
  readonly audit: AuditTrail;
  /** Seals and verifies the audit trail. For background jobs and operators. */
  readonly auditChain: AuditChain;
  /** Where sign-ins have to wait because too many failed. For operators. */
  readonly throttling: Throttling;
  /** Mails that were not sent. For operators. */
  readonly outbox: Outbox;
  /** The keys that sign and verify access tokens now. */
  readonly keys: ActiveKeySet;
  /** Rotates and revokes signing keys. For operators. */
  readonly keyRotation: KeyRotationService;
  /** Replaces the secret. For operators. */
  readonly secretRotation: SecretRotationService;
  /** The live revocations that this node knows. A verifier asks its index. */
  readonly revocations: RevocationLog;
  readonly #context: AuthContext;
  readonly #writeProbe: WriteProbe;

  constructor(
    context: AuthContext,
    parts: Pick<Auth, 'keys' | 'keyRotation' | 'secretRotation' | 'auditChain'>,
  ) {
    this.auditChain = parts.auditChain;
    this.#context = context;
    this.#writeProbe = new WriteProbe(context);
    this.keys = parts.keys;
    this.keyRotation = parts.keyRotation;
    this.secretRotation = parts.secretRotation;
    this.revocations = context.log;
    this.users = new Users(context);
    this.clients = new Clients(context);
    this.factors = new OwnFactors(context);
    this.audit = new AuditTrail(context);
    this.throttling = new Throttling(context);
    this.outbox = new Outbox(context);
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
    const { updateMe } = await import('./users/own-account.ts');
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
    const { deleteMe } = await import('./users/own-account.ts');
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

  /** Delivers audit events to a function of the host. For a background job. */
  async loadEventDelivery(): Promise<EventDelivery> {
    const { EventDelivery } = await import('./audit/event-delivery.ts');
    return new EventDelivery(this.#context);
  }

  /** Loads what people do who have forgotten their password. Loaded at first use. */
  async loadPasswordReset(): Promise<PasswordReset> {
    const { PasswordReset } = await import('./credentials/password-reset/password-reset.ts');
    return new PasswordReset(this.#context);
  }

  /** Loads what sends the mails of the outbox. @param lease so that one node at a time sends */
  async loadMailDelivery(sender: MailSender, lease: Lease): Promise<MailDelivery> {
    const { MailDelivery } = await import('./mail/mail-delivery.ts');
    return new MailDelivery(this.#context, sender, lease);
  }

  /** Whether a mail may be sent now. @throws {StoreUnavailable} */
  async hasDueMail(): Promise<boolean> {
    const { store, clock } = this.#context;
    return (await store.findDueMails({ now: clock.now(), limit: 1 })).length > 0;
  }

  /** Loads what administrators do by HTTP. A server that is not administered by HTTP never loads it. */
  async loadAdministration(): Promise<Administration> {
    const { Administration } = await import('./administration/administration.ts');
    return new Administration(this.#context, this);
  }

  /**
   * Drops what has expired from this node's memory, samples password hashes, and rotates keys by the clock. Call it about
   * once a minute.
   */
  async maintain(): Promise<void> {
    await this.#context.log.purgeExpired();
    await this.#context.decoys.refresh();
    await reportRefusals(this.#context);
    await this.keyRotation.maintain();
  }

  /** Records what this node has counted and not yet recorded. Call it before the database is closed. */
  async finish(): Promise<void> {
    await reportRefusals(this.#context, true);
  }

  /**
   * Removes expired rows from the database: sessions, one-time secrets, revocations that affect no living token, and
   * audit events past their retention. Then it removes sessions that have ended, and ends those beyond
   * `maxSessions`. One node at a time should call it; two do no harm.
   * @param limit the most rows to remove, so that the call takes little time
   * @returns whether there may be more
   */
  purgeExpired(limit: number): Promise<boolean> {
    return purgeExpired(this.#context, limit);
  }

  /**
   * Resolves if a sign-in could succeed now: there is a key to sign with, and the database answers and takes writes.
   * It writes at most every two seconds, however often it is called.
   * @throws {StoreUnavailable}
   */
  async ping(): Promise<void> {
    await this.#context.assertCanIssue();
    await this.#context.store.ping();
    await this.#writeProbe.check();
  }
}
