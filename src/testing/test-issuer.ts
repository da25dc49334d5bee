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

/** @see createTestIssuer */
export interface TestIssuerOptions {
  /** Default `https://auth.test`. */
  readonly issuer?: string;
  /** Default: the issuer. */
  readonly audience?: string | readonly string[];
  /** Default `ES256`. */
  readonly algorithm?: Algorithm;
  /** ms since the epoch at which the clock stands. Default: the time of the machine. Cut to whole seconds. */
  readonly now?: number;
  /** As the app under test has them. */
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
  scopes: aStringList,
  claims: anything,
  authAge: aNumber,
  amr: aStringList,
  expiresIn: aNumber,
} satisfies OptionChecks<TestUser<object>>;

/** What to revoke: a sign-in, a session by its `sid`, a token, or all that a user holds. */
export type TestRevocation =
  | TestSignIn<object>
  | { readonly session: string }
  | { readonly jti: string }
  | { readonly userId: string };

/** An issuer inside the test's own process. */
export interface TestIssuer<Host extends object = CustomClaims> {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  /** Trusts this issuer and hears of its revocations at once. Hand it to the app under test. */
  readonly guard: Guard<Host>;
  /** The public keys, for whatever else verifies its tokens. Empty with a shared secret (HS256). */
  readonly jwks: Jwks;
  /** The time by which tokens are issued and judged. */
  readonly clock: TestClock;
  /** Signs somebody in, in a session of its own. */
  signInAs(user?: TestUser<Host>): TestSignIn<Host>;
  /** Lets time pass. @param seconds back where negative */
  travel(seconds: number): void;
  /** Revokes at once, as a sign-out, a ban or a change of roles does. */
  revoke(what: TestRevocation): void;
}

/**
 * Creates an issuer for tests, with a key of its own and a guard that trusts it. Its clock stands still
 * until {@link TestIssuer.travel}.
 *
 * ```ts
 * const issuer = createTestIssuer();
 * const app = createApp({ guard: issuer.guard });
 * const admin = issuer.signInAs({ roles: ['admin'] });
 * const answer = await app.request('/admin', { headers: admin.headers });
 * ```
 */
export function createTestIssuer<Host extends object = CustomClaims>(
  options: TestIssuerOptions = {},
): TestIssuer<Host> {
  assertOptions('createTestIssuer', options, TEST_ISSUER_OPTIONS);
  const { issuer = 'https://auth.test', audience = issuer, algorithm = 'ES256' } = options;
  const key = generateSigningKey(algorithm);
  const sign = createSigner(key, ACCESS_TOKEN_TYP);
  // Whole seconds, as tokens count them: an age of 0 is 0.
  const clock = new TestClock(Math.floor((options.now ?? systemClock.now()) / 1000) * 1000);
  const cookies = options.cookies === undefined ? {} : { cookies: options.cookies };
  const parts = createGuardParts({ issuer, audience, clock, ...cookies }, [toVerificationKey(key)]);
  const { revocations } = parts;
  const cookieName = parts.cookies?.names.access ?? '';
  /** By user, how often all it holds was revoked. */
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

/** The same in every run, and never twice in one. */
function serialBytes(serial: number): Uint8Array {
  const bytes = Buffer.alloc(15);
  bytes.writeUInt32BE(serial, 11);
  return bytes;
}
