import { assembleGuard } from '../guard/assemble-guard.ts';
import type { Guard } from '../guard/guard.ts';
import { anAudience, COOKIE_NAMES } from '../guard/guard-option-checks.ts';
import { createGuardParts } from '../guard/guard-parts.ts';
import type { CookieNames } from '../guard/request/cookie-names.ts';
import type { AuthenticatedUser, CustomClaims } from '../guard/verify/authenticated-user.ts';
import { deepFreeze } from '../guard/verify/deep-freeze.ts';
import { ACCESS_TOKEN_TYP, createJti } from '../jwt/access-token.ts';
import type { Algorithm } from '../jwt/algorithms.ts';
import { createSigner } from '../jwt/jws.ts';
import { generateSigningKey, toVerificationKey } from '../jwt/keys/import-keys.ts';
import { type Jwks, toJwks } from '../jwt/keys/jwk.ts';
import {
  aNumber,
  anything,
  aString,
  aStringList,
  assertOptions,
  type OptionChecks,
} from '../kernel/options/check-options.ts';
import { systemClock } from '../kernel/system-clock.ts';
import type { Revocation } from '../revocation/revocation.ts';
import { TestClock } from './test-clock.ts';
import { createTestSession } from './test-session.ts';
import type { TestSignIn, TestUser } from './test-sign-in.ts';

/** The options of {@link createTestIssuer}. */
export interface TestIssuerOptions {
  /** The `iss` of the tokens. Default `https://auth.test`. */
  readonly issuer?: string;
  /** The `aud` of the tokens, which the guard requires. Default: the issuer. */
  readonly audience?: string | readonly string[];
  /** The algorithm of the issuer's key. Default `ES256`. */
  readonly algorithm?: Algorithm;
  /** The time of the clock at first, in ms since the epoch, cut to whole seconds. Default: the time of the machine. */
  readonly now?: number;
  /** The names of the cookies in the app under test. Default: those of the server. */
  readonly cookies?: CookieNames;
}

const TEST_ISSUER_OPTIONS = {
  issuer: aString,
  audience: anAudience,
  algorithm: aString,
  now: aNumber,
  cookies: COOKIE_NAMES,
} satisfies OptionChecks<TestIssuerOptions>;

const TEST_USER = {
  id: aString,
  username: aString,
  roles: aStringList,
  permissions: aStringList,
  scopes: aStringList,
  claims: anything,
  authAge: aNumber,
  amr: aStringList,
  expiresIn: aNumber,
} satisfies OptionChecks<TestUser<object>>;

/** What to revoke: a sign-in, a session by its `sid`, a token by its `jti`, or all tokens of a user. */
export type TestRevocation =
  | TestSignIn<object>
  | {
      /** The `sid` of the session. */
      readonly session: string;
    }
  | {
      /** The `jti` of the token. */
      readonly jti: string;
    }
  | {
      /** The `sub` of the user. */
      readonly userId: string;
    };

/** An issuer in the test's own process. `Host` is the type of the host's own claims. */
export interface TestIssuer<Host extends object = CustomClaims> {
  /** The `iss` of the tokens. */
  readonly issuer: string;
  /** The `aud` of the tokens. */
  readonly audience: string | readonly string[];
  /** A guard that trusts this issuer and knows its revocations immediately. Give it to the app under test. */
  readonly guard: Guard<Host>;
  /** The public keys, for other verifiers. Empty with a shared secret (HS256). @see RFC 7517 section 5 */
  readonly jwks: Jwks;
  /** The clock of the issuer and of its guard. */
  readonly clock: TestClock;
  /**
   * Signs a user in, with a new session.
   *
   * ```ts
   * const alice = issuer.signInAs({ username: 'alice', scopes: ['read'] });
   * ```
   * @throws {InvalidOption} for an unknown member, an undefined value, or one of the wrong kind
   */
  signInAs(user?: TestUser<Host>): TestSignIn<Host>;
  /**
   * Moves the clock.
   *
   * ```ts
   * issuer.travel(901); // the tokens have expired
   * ```
   * @param seconds how far forward, or back if negative
   * @throws {RangeError} if it is not a finite number
   */
  travel(seconds: number): void;
  /**
   * Revokes tokens immediately, as a logout, a ban or a change of roles does.
   *
   * ```ts
   * issuer.revoke(alice);
   * issuer.revoke({ userId: 'alice' });
   * ```
   * @throws {InvalidOption} for an object that names nothing to revoke
   */
  revoke(what: TestRevocation): void;
}

/**
 * Creates an issuer for tests, with a new key and a guard that trusts it. Its clock stands still until
 * {@link TestIssuer.travel} moves it.
 *
 * ```ts
 * const issuer = createTestIssuer();
 * const app = createApp({ guard: issuer.guard });
 * const admin = issuer.signInAs({ roles: ['admin'] });
 * const response = await app.request('/admin', { headers: admin.headers });
 * ```
 * @throws {InvalidOption} for an unknown option, an undefined value, or one of the wrong kind
 */
export function createTestIssuer<Host extends object = CustomClaims>(
  options: TestIssuerOptions = {},
): TestIssuer<Host> {
  assertOptions('createTestIssuer', options, TEST_ISSUER_OPTIONS);
  const { issuer = 'https://auth.test', audience = issuer, algorithm = 'ES256' } = options;
  const key = generateSigningKey(algorithm);
  const sign = createSigner(key, ACCESS_TOKEN_TYP);
  // Whole seconds, as in tokens, so that a new token has an age of exactly 0.
  const clock = new TestClock(Math.floor((options.now ?? systemClock.now()) / 1000) * 1000);
  const cookies = options.cookies === undefined ? {} : { cookies: options.cookies };
  const parts = createGuardParts({ issuer, audience, clock, ...cookies }, [toVerificationKey(key)]);
  const { revocations } = parts;
  const cookieName = parts.cookies?.names.access ?? '';
  /** By user, how often all tokens of the user were revoked. */
  const versions = new Map<string, number>();
  let serial = 0;
  let seq = 0;

  function signInAs(user: TestUser<Host> = {}): TestSignIn<Host> {
    assertOptions('signInAs', user, TEST_USER);
    serial++;
    const id = user.id ?? user.username ?? 'test-user';
    const now = Math.floor(clock.now() / 1000);
    const claims = {
      ...user.claims,
      iss: issuer,
      sub: id,
      aud: audience,
      client_id: 'latchkey',
      iat: now,
      exp: now + (user.expiresIn ?? 900),
      auth_time: now - (user.authAge ?? 0),
      amr: user.amr ?? ['pwd'],
      jti: createJti(serialBytes(serial), versions.get(id) ?? 0),
      sid: createTestSession(serial),
      ...(user.username === undefined ? {} : { username: user.username }),
      ...(user.roles === undefined ? {} : { roles: user.roles }),
      ...(user.permissions === undefined ? {} : { entitlements: [...user.permissions].sort() }),
      ...(user.scopes === undefined ? {} : { scope: user.scopes.join(' ') }),
    };
    const token = sign(claims);
    deepFreeze(claims);
    return {
      token,
      headers: { authorization: `Bearer ${token}` },
      cookies: { cookie: `${cookieName}=${token}`, 'sec-fetch-site': 'same-origin' },
      user: claims as unknown as AuthenticatedUser<Host>,
    };
  }

  function revoke(what: TestRevocation): void {
    const expiresAt = Number.MAX_SAFE_INTEGER;
    const log = (entry: Pick<Revocation, 'kind' | 'subject' | 'version'>) =>
      revocations.apply({ ...entry, seq: ++seq, expiresAt });
    if ('token' in what) log({ kind: 'session', subject: what.user.sid, version: 0 });
    else if ('session' in what) log({ kind: 'session', subject: what.session, version: 0 });
    else if ('jti' in what) log({ kind: 'token', subject: what.jti, version: 0 });
    else {
      assertOptions('revoke', what, { userId: aString });
      const version = (versions.get(what.userId) ?? 0) + 1;
      versions.set(what.userId, version);
      log({ kind: 'user', subject: what.userId, version });
    }
  }

  return {
    issuer,
    audience,
    guard: assembleGuard<Host>({ ...parts, kids: [key.kid] }),
    jwks: toJwks([key]),
    clock,
    signInAs,
    travel: (seconds) => clock.move(seconds),
    revoke,
  };
}

/** Bytes that are the same in every run, and different for each token. */
function serialBytes(serial: number): Uint8Array {
  const bytes = Buffer.alloc(15);
  bytes.writeUInt32BE(serial, 11);
  return bytes;
}
