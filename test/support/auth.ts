import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Auth } from '../../src/auth/auth.ts';
import { createAuth } from '../../src/auth/create-auth.ts';
import type { Notice } from '../../src/auth/notice.ts';
import type { PasswordHasher, PasswordVerdict } from '../../src/auth/ports/password-hasher.ts';
import type { Store } from '../../src/auth/ports/store.ts';
import { isChallenge, type SignInResult } from '../../src/auth/sessions/sign-in-result.ts';
import type { IssuedTokens } from '../../src/auth/sessions/tokens/issued-tokens.ts';
import { type AuthSettings, DEFAULT_KEY_ROTATION } from '../../src/auth/settings.ts';
import { RolePermissions } from '../../src/auth/users/permissions.ts';
import { createVerifier, type Verifier } from '../../src/guard/verify/access-token-verifier.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { Random } from '../../src/kernel/random.ts';
import { openSqliteStore } from '../../src/store/index.ts';

/** A clock that stands still until it is told. */
export class TestClock implements Clock {
  ms: number;
  #elapsed = 0;
  constructor(ms = Date.UTC(2026, 0, 1)) {
    this.ms = ms;
  }
  now(): number {
    return this.ms;
  }
  elapsed(): number {
    return this.#elapsed;
  }
  /** Lets time pass; negative seconds set the date back. */
  step(seconds: number): void {
    this.ms += seconds * 1000;
    this.#elapsed += Math.max(0, seconds) * 1000;
  }
  /** Sets the date, as an operator or NTP does; no time passes. */
  set(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

/** Bytes that look random and are the same in every run. */
export function createTestRandom(seed = 'latchkey'): Random {
  let counter = 0;
  return {
    bytes(length) {
      counter += 1;
      const hash = createHash('shake256', { outputLength: length });
      return hash.update(`${seed} ${counter}`).digest();
    },
  };
}

/** Hashes nothing and hides nothing: for tests of what surrounds the hashing. */
export class TestHasher implements PasswordHasher {
  verified = 0;
  hashed = 0;
  /** The decoys of the verifications, in order. */
  readonly decoys: (string | undefined)[] = [];
  async hash(password: string): Promise<string> {
    this.hashed += 1;
    return `$argon2id$${password}`;
  }
  async verify(hash: string | null, password: string, decoy?: string): Promise<PasswordVerdict> {
    this.verified += 1;
    this.decoys.push(decoy);
    const old = hash === `$2b$${password}`;
    return { ok: old || hash === `$argon2id$${password}`, outdated: old };
  }
  createDecoy(hash: string): string {
    return `like ${hash.slice(0, 3)}`;
  }
  async close(): Promise<void> {}
}

export const TEST_SETTINGS: AuthSettings = {
  issuer: 'https://auth.example',
  audience: 'https://api.example',
  clientId: 'latchkey',
  algorithm: 'ES256',
  secret: 'Xq3vN8rT1yLw6ZpB0dKf5HsJ2mGc9UeA',
  signingKey: undefined,
  keyRotation: { ...DEFAULT_KEY_ROTATION, urgentLeadSeconds: 0 },
  accessTokenTtl: 900,
  refreshTokenTtl: 30 * 24 * 3600,
  refreshGrace: 30,
  sessionMaxAge: 180 * 24 * 3600,
  maxSessions: 100,
  appName: 'Latchkey',
  registration: 'open',
  passwordMinLength: 8,
  passwordMaxLength: 1024,
  mail: {
    isSetUp: true,
    from: null,
    links: { reset: 'https://auth.example/reset?token={token}' },
    leadsToOwnPages: true,
    templates: {},
  },
  fields: {},
  // Only the tests of limits have them: the others may fail as often as they like.
  limits: false,
  auditRetention: 90 * 24 * 3600,
  permissions: new RolePermissions({}),
  claims: undefined,
  scopes: undefined,
  beforeRegister: undefined,
  beforeSignIn: undefined,
};

/** The tokens of a sign-in that asks for nothing more. */
export function expectTokens(result: SignInResult): IssuedTokens {
  assert.ok(!isChallenge(result), 'the sign-in needs one more step');
  return result;
}

/** The domain on a database in memory, with a clock to turn and a verifier that hears of revocations. */
export interface TestAuth {
  auth: Auth;
  verifier: Verifier;
  readonly store: Store;
  readonly clock: TestClock;
  readonly hasher: TestHasher;
  /** Signs in without a challenge. */
  login(...args: Parameters<Auth['login']>): Promise<IssuedTokens>;
  /** A new process on the same database: nothing held in memory survives. */
  restart(): Promise<void>;
  /** Another node on the same database. Only the first is to be closed. */
  another(changes?: Partial<AuthSettings>): Promise<TestAuth>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openTestAuth(
  changes: Partial<AuthSettings> = {},
  onNotice: (notice: Notice) => void = () => {},
): Promise<TestAuth> {
  const store = await openSqliteStore({ path: ':memory:', thread: 'inline' });
  const settings = { ...TEST_SETTINGS, ...changes };
  const random = createTestRandom(settings.secret);
  const hasher = new TestHasher();
  return openNode(settings, { store, clock: new TestClock(), hasher, random, onNotice });
}

interface TestPorts {
  readonly store: Store;
  readonly clock: TestClock;
  readonly hasher: TestHasher;
  readonly random: Random;
  readonly onNotice: (notice: Notice) => void;
}

async function openNode(settings: AuthSettings, ports: TestPorts): Promise<TestAuth> {
  const { store, clock, hasher } = ports;
  const start = async () => {
    const auth = await createAuth({ settings, ...ports });
    const { issuer, audience } = settings;
    const revocations = auth.revocations.index;
    const keys = auth.keys.verification;
    const verifier = createVerifier({ keys, issuer, audience, clock, revocations });
    auth.keys.onChange((changed) => verifier.setKeys(changed));
    return { auth, verifier };
  };
  const opened: TestAuth = {
    ...(await start()),
    store,
    clock,
    hasher,
    login: async (...args) => expectTokens(await opened.auth.login(...args)),
    async restart() {
      Object.assign(opened, await start());
    },
    another: (changes) => openNode({ ...settings, ...changes }, ports),
    [Symbol.asyncDispose]: () => store.close(),
  };
  return opened;
}
