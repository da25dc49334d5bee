import { type AccessTokenIssuer, createAccessTokenIssuer } from './access-token-issuer.ts';
import * as account from './account.ts';
import { type Caller, createEventMaker, NO_CALLER } from './audit.ts';
import type { AuthContext } from './context.ts';
import { Guards } from './guards.ts';
import { findRefreshToken, type LiveRefreshToken } from './introspection.ts';
import { createStaticKeyRing, type KeyRing, loadKeyRing } from './key-ring.ts';
import type { LoginInput } from './login-input.ts';
import type { Session, User } from './model.ts';
import type { NewUserInput } from './new-user.ts';
import type { Clock, PasswordHasher, Random, Store } from './ports.ts';
import { createRefreshTokenCodec } from './refresh-token.ts';
import { RevocationLog } from './revocation-log.ts';
import { assertSameSecret, createSecretFingerprint } from './sealing.ts';
import type { AuthSettings } from './settings.ts';
import * as signIn from './sign-in.ts';
import { Users } from './users.ts';
import { createUuidFloor } from './uuid.ts';

/**
 * The domain: everything that can be done, each as one call. Knows neither HTTP nor SQL.
 * What arrives from outside may be passed as it came; it is read strictly.
 */
export class Auth {
  readonly users: Users;
  readonly guards: Guards;
  readonly keys: KeyRing;
  /** This node's live revocations; a verifier asks its index. */
  readonly revocations: RevocationLog;
  readonly #context: AuthContext;

  constructor(context: AuthContext, keys: KeyRing) {
    this.#context = context;
    this.keys = keys;
    this.revocations = context.log;
    this.users = new Users(context);
    this.guards = new Guards(context);
  }

  /** @see {@link signIn.register} */
  register(input: NewUserInput | unknown, caller: Caller = NO_CALLER): Promise<signIn.SignIn> {
    return signIn.register(this.#context, input, caller);
  }

  /** @see {@link signIn.signUp} */
  signUp(input: NewUserInput | unknown, caller: Caller = NO_CALLER): Promise<User> {
    return signIn.signUp(this.#context, input, caller);
  }

  /** @see {@link signIn.login} */
  login(input: LoginInput | unknown, caller: Caller = NO_CALLER): Promise<signIn.SignIn> {
    return signIn.login(this.#context, input, caller);
  }

  /** @see {@link signIn.refresh} */
  refresh(refreshToken: string, caller: Caller = NO_CALLER): Promise<signIn.SignIn> {
    return signIn.refresh(this.#context, refreshToken, caller);
  }

  /** @see {@link account.findMe} */
  findMe(bearer: account.Bearer): Promise<User> {
    return account.findMe(this.#context, bearer);
  }

  /** @see {@link account.logout} */
  logout(bearer: account.Bearer, caller: Caller = NO_CALLER): Promise<void> {
    return account.logout(this.#context, bearer, caller);
  }

  /** @see {@link account.logoutByRefreshToken} */
  logoutByRefreshToken(refreshToken: string, caller: Caller = NO_CALLER): Promise<void> {
    return account.logoutByRefreshToken(this.#context, refreshToken, caller);
  }

  /** @see {@link account.logoutAll} */
  logoutAll(bearer: account.Bearer, caller: Caller = NO_CALLER): Promise<void> {
    return account.logoutAll(this.#context, bearer, caller);
  }

  /** @see {@link account.changePassword} */
  changePassword(
    bearer: account.Bearer,
    input: unknown,
    caller: Caller = NO_CALLER,
  ): Promise<void> {
    return account.changePassword(this.#context, bearer, input, caller);
  }

  /** @see {@link account.listSessions} */
  listSessions(bearer: account.Bearer): Promise<Session[]> {
    return account.listSessions(this.#context, bearer);
  }

  /** @see {@link account.endSession} */
  endSession(bearer: account.Bearer, sessionId: string, caller: Caller = NO_CALLER): Promise<void> {
    return account.endSession(this.#context, bearer, sessionId, caller);
  }

  /** @see {@link account.revokeToken} */
  revokeToken(
    claims: Parameters<typeof account.revokeToken>[1],
    caller: Caller = NO_CALLER,
  ): Promise<void> {
    return account.revokeToken(this.#context, claims, caller);
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
    const { store, log, settings } = this.#context;
    await log.prune();
    this.#context.longestAccessTtl = await raiseLongestAccessTtl(store, settings);
  }

  /**
   * Removes from the database what has expired: sessions, revocations that no living token can be
   * affected by, and audit events past their retention. For one node at a time; several do no harm.
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
    return removed >= limit;
  }

  /** Resolves when the database answers. @throws {StoreUnavailable} */
  ping(): Promise<void> {
    return this.#context.store.ping();
  }
}

/**
 * Makes the domain ready on its ports: agrees on the secret with the database, loads the keys and the
 * live revocations.
 * @throws {InvalidSetting} when the database was set up with another secret
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
  const { secret } = settings;
  const fingerprint = createSecretFingerprint(secret);
  assertSameSecret(secret, await store.agree({ name: 'secret_fingerprint', value: fingerprint }));
  const longestAccessTtl = await raiseLongestAccessTtl(store, settings);
  const keys =
    settings.signingKey === undefined
      ? await loadKeyRing({ store, secret, algorithm: settings.algorithm, clock, random })
      : createStaticKeyRing(settings.signingKey);
  const log = new RevocationLog(store, clock);
  await log.catchUp();
  const issueAccessToken: AccessTokenIssuer = createAccessTokenIssuer({
    settings,
    keys,
    clock,
    random,
  });
  const context: AuthContext = {
    ...options,
    log,
    longestAccessTtl,
    refreshTokens: createRefreshTokenCodec({ secret, issuer: settings.issuer, clock }),
    issueAccessToken,
    createEvent: createEventMaker(clock, random),
  };
  return new Auth(context, keys);
}

/** A revocation must outlive every token it is about, those issued under an earlier setting included. */
function raiseLongestAccessTtl(store: Store, settings: AuthSettings): Promise<number> {
  return store.raise({ name: 'longest_access_token_ttl', value: settings.accessTokenTtl });
}
