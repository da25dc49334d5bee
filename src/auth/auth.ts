import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { createUuidFloor } from '../kernel/uuid.ts';
import { AuditTrail } from './audit/audit-trail.ts';
import { anonymousCaller, type Caller, systemCaller } from './audit/caller.ts';
import { aboutUser } from './audit/event.ts';
import { createEventMaker } from './audit/event-maker.ts';
import { Clients } from './clients/clients.ts';
import { type AuthContext, findIssuedUntil, raiseLongestAccessTtl } from './context.ts';
import { changePassword } from './credentials/change-password.ts';
import { changeRequiredPassword } from './credentials/required-password-change.ts';
import { type ActiveKeySet, createStaticKeyRing, StoredKeyRing } from './keys/active-key-set.ts';
import { KeyRotationService } from './keys/key-rotation-service.ts';
import { SealedKeyRepository } from './keys/sealed-key-repository.ts';
import type { User } from './model.ts';
import { findRefreshToken, type LiveRefreshToken } from './oauth/find-refresh-token.ts';
import type { Page } from './page.ts';
import type { PasswordHasher } from './ports/password-hasher.ts';
import type { Store } from './ports/store.ts';
import { RevocationLog } from './revocations/revocation-log.ts';
import { type AccessTokenIssuer, createAccessTokenIssuer } from './sessions/access-token-issuer.ts';
import * as account from './sessions/account.ts';
import { login } from './sessions/login.ts';
import type { LoginInput } from './sessions/login-input.ts';
import { createRefreshTokenCodec } from './sessions/refresh-token.ts';
import * as signIn from './sessions/sign-in.ts';
import type { SignInResult } from './sessions/sign-in-result.ts';
import type { TokenLimits } from './sessions/token-limits.ts';
import type { AuthSettings } from './settings.ts';
import type { NewUserInput } from './users/new-user.ts';
import { Users } from './users/users.ts';
import { WriteProbe } from './write-probe.ts';

/**
 * The domain: everything that can be done, each as one call. Knows neither HTTP nor SQL.
 * What arrives from outside may be passed as it came; it is read strictly.
 */
export class Auth {
  readonly users: Users;
  readonly clients: Clients;
  /** Reads the audit trail. */
  readonly audit: AuditTrail;
  readonly keys: ActiveKeySet;
  /** Replaces and revokes keys. */
  readonly keeper: KeyRotationService;
  /** This node's live revocations; a verifier asks its index. */
  readonly revocations: RevocationLog;
  readonly #context: AuthContext;
  readonly #writeProbe: WriteProbe;

  constructor(context: AuthContext, keys: ActiveKeySet, keeper: KeyRotationService) {
    this.#context = context;
    this.#writeProbe = new WriteProbe(context);
    this.keys = keys;
    this.keeper = keeper;
    this.revocations = context.log;
    this.users = new Users(context);
    this.clients = new Clients(context);
    this.audit = new AuditTrail(context);
  }

  /** @see {@link signIn.register} */
  register(
    input: NewUserInput | unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
  ): Promise<signIn.IssuedTokens> {
    return signIn.register(this.#context, input, caller, limits);
  }

  /** @see {@link signIn.createAccount} */
  createAccount(input: NewUserInput | unknown, caller: Caller = anonymousCaller): Promise<User> {
    return signIn.createAccount(this.#context, input, caller);
  }

  /** @see {@link login} */
  login(
    input: LoginInput | unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
    clientId: string | null = null,
  ): Promise<SignInResult> {
    return login(this.#context, input, caller, limits, clientId);
  }

  /** @see {@link signIn.refresh} */
  refresh(
    refreshToken: string,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
    clientId: string | null = null,
  ): Promise<signIn.IssuedTokens> {
    return signIn.refresh(this.#context, refreshToken, caller, limits, clientId);
  }

  /** @see {@link account.findMe} */
  findMe(bearer: account.Principal): Promise<User> {
    return account.findMe(this.#context, bearer);
  }

  /** @see {@link account.logout} */
  logout(bearer: account.Principal, caller: Caller = anonymousCaller): Promise<void> {
    return account.logout(this.#context, bearer, caller);
  }

  /** @see {@link account.logoutByRefreshToken} */
  logoutByRefreshToken(refreshToken: string, caller: Caller = anonymousCaller): Promise<void> {
    return account.logoutByRefreshToken(this.#context, refreshToken, caller);
  }

  /** @see {@link account.logoutAll} */
  logoutAll(bearer: account.Principal, caller: Caller = anonymousCaller): Promise<void> {
    return account.logoutAll(this.#context, bearer, caller);
  }

  /** @see {@link changePassword} */
  changePassword(
    bearer: account.Principal,
    input: unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
  ): Promise<signIn.IssuedTokens> {
    return changePassword(this.#context, bearer, input, caller, limits);
  }

  /** @see {@link changeRequiredPassword} */
  changeRequiredPassword(
    input: unknown,
    caller: Caller = anonymousCaller,
    limits?: TokenLimits,
  ): Promise<signIn.IssuedTokens> {
    return changeRequiredPassword(this.#context, input, caller, limits);
  }

  /** @see {@link account.listSessions} */
  listSessions(bearer: account.Principal, page: Page | unknown = {}): Promise<account.SessionPage> {
    return account.listSessions(this.#context, bearer, page);
  }

  /** @see {@link account.endSession} */
  endSession(
    bearer: account.Principal,
    sessionId: string,
    caller: Caller = anonymousCaller,
  ): Promise<void> {
    return account.endSession(this.#context, bearer, sessionId, caller);
  }

  /** @see {@link account.revokeToken} */
  revokeToken(
    claims: Parameters<typeof account.revokeToken>[1],
    caller: Caller = anonymousCaller,
  ): Promise<void> {
    return account.revokeToken(this.#context, claims, caller);
  }

  /** Whether a refresh token is one of ours, however dead its session is. */
  ownsRefreshToken(token: string): boolean {
    return this.#context.refreshTokens.owns(token);
  }

  /** @see {@link findRefreshToken} */
  findRefreshToken(token: string): Promise<LiveRefreshToken | undefined> {
    return findRefreshToken(this.#context, token);
  }

  /**
   * Forgets what this node need not know any more, and learns what other nodes have changed. To be called
   * about once a minute.
   */
  async maintain(): Promise<void> {
    await this.#context.log.prune();
    await this.keeper.maintain();
  }

  /**
   * Removes from the database what has expired: sessions, revocations that no living token can be
   * affected by, and audit events past their retention; then sessions that have ended, and ends those
   * beyond `maxSessions` that were there before there was a bound. For one node at a time; several do no harm.
   * @param limit of rows, so that it takes little time
   * @returns whether there may be more
   */
  async removeExpired(limit: number): Promise<boolean> {
    const { store, clock, settings } = this.#context;
    const now = clock.now();
    const { auditRetention } = settings;
    const { removed } = await store.prune({
      now,
      limit,
      ...(auditRetention === undefined
        ? {}
        : { eventsBefore: createUuidFloor(now - auditRetention * 1000) }),
    });
    return removed >= limit || this.#cleanUpSessions(limit - removed);
  }

  /** Removes sessions that have ended, or are more than their user may have. */
  async #cleanUpSessions(limit: number): Promise<boolean> {
    const { store, log, clock, settings } = this.#context;
    const userId = await store.findSessionCleanup();
    if (userId === undefined) return false;
    const event = { type: 'session_ended', subject: aboutUser(userId) } as const;
    const caller = systemCaller('session-limit');
    const createEvent = () => this.#context.createEvent(event, caller);
    const { revocations } = await store.cleanUpSessions({
      userId,
      maxSessions: settings.maxSessions,
      issuedUntil: findIssuedUntil(clock),
      events: Array.from({ length: limit }, createEvent),
    });
    log.apply(revocations);
    // Other users may be waiting for the same.
    return true;
  }

  /**
   * Resolves when a sign-in could succeed now: there is a key to sign with, and the database answers and takes
   * writes. However often it is called, it writes at most every other second.
   * @throws {StoreUnavailable}
   */
  async ping(): Promise<void> {
    await this.#context.assertCanIssue();
    await this.#context.store.ping();
    await this.#writeProbe.check();
  }
}

/**
 * Makes the domain ready on its ports: opens the keys of the database, or makes them, and loads the live
 * revocations.
 * @throws {InvalidSetting} when the secret is not that of the database
 * @throws {StoreUnavailable}
 */
export async function createAuth(options: {
  settings: AuthSettings;
  store: Store;
  hasher: PasswordHasher;
  clock: Clock;
  random: Random;
}): Promise<Auth> {
  const { settings, store, clock, random } = options;
  const vault = await SealedKeyRepository.open({ store, secret: settings.secret, clock, random });
  // Before the first token: a revocation on another node must outlive what this node issues.
  await raiseLongestAccessTtl(store, settings);
  const log = new RevocationLog(store, clock);
  const keys =
    settings.signingKey === undefined
      ? new StoredKeyRing({
          vault,
          clock,
          algorithm: settings.algorithm,
          lifetime: settings.accessTokenTtl,
          patience: settings.keyRotation.notice,
          isRevoked: (kid) => log.index.isKeyRevoked(kid),
        })
      : createStaticKeyRing(settings.signingKey);
  const issueAccessToken: AccessTokenIssuer = createAccessTokenIssuer({
    settings,
    keys,
    clock,
    random,
  });
  const { issuer } = settings;
  const context: AuthContext = {
    ...options,
    log,
    refreshTokens: createRefreshTokenCodec({ roots: () => vault.roots.tokens, issuer, clock }),
    issueAccessToken,
    async assertCanIssue() {
      vault.assertOpen();
      await keys.ready();
    },
    createEvent: createEventMaker(clock, random),
    dataRoots: () => vault.roots.data,
  };
  log.followKeys({
    settle: () => keys.settle(),
    async reload() {
      await vault.load();
      keys.settle();
    },
  });
  // After it follows: another node may have changed keys since the vault was opened.
  await log.catchUp();
  const keeper = new KeyRotationService(context, vault, keys);
  await keeper.ensureKey();
  return new Auth(context, keys, keeper);
}
