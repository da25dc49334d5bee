import { after } from 'node:test';
import type { Guard } from 'latchkey/guard';
import { assembleGuard } from '../../../src/guard/assemble-guard.ts';
import { createGuardParts } from '../../../src/guard/guard-parts.ts';
import { ACCESS_TOKEN_TYP, createJti } from '../../../src/jwt/access-token.ts';
import type { Algorithm } from '../../../src/jwt/algorithms.ts';
import { createSigner } from '../../../src/jwt/jws.ts';
import { generateSigningKey, toVerificationKey } from '../../../src/jwt/keys/import-keys.ts';
import type { SigningKey } from '../../../src/jwt/keys/key-types.ts';
import { TestClock } from '../../support/auth.ts';

export const ISSUER = 'https://auth.example';

/** An app of one framework that is listening. */
export interface RunningApp {
  /** Without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts an app with these routes, each with the guard of its framework:
 *
 * - `/user`, any method: `{ sub, tenant, frozen }`, and calls `ran` first
 * - `/admin`: the role `admin`; `/scoped`: the scopes `read` and `write`; `/recent`: `maxAuthAge` 60
 * - `/guests`, any method, with `optional: true`: `{ sub }`, null for a guest; `/guests-admin`: the same with the role
 * - `/broken`: a handler that throws an error of its own, after the guard
 * - `/open`: no guard
 */
export type StartApp = (guard: Guard, ran: () => void) => Promise<RunningApp>;

/** A guard, an issuer that it trusts, and a clock to turn. */
export interface AdapterBench {
  readonly guard: Guard;
  readonly key: SigningKey;
  readonly clock: TestClock;
  sign(changed?: object): string;
  revokeSession(sid: string): void;
}

export function createAdapterBench(algorithm: Algorithm): AdapterBench {
  const key = generateSigningKey(algorithm);
  const sign = createSigner(key, ACCESS_TOKEN_TYP);
  const clock = new TestClock();
  const parts = createGuardParts({ issuer: ISSUER, clock }, [toVerificationKey(key)]);
  const now = clock.now() / 1000;
  let serial = 0;
  return {
    guard: assembleGuard(parts),
    key,
    clock,
    sign: (changed = {}) =>
      sign({
        iss: ISSUER,
        sub: 'alice',
        aud: ISSUER,
        client_id: 'latchkey',
        iat: now,
        exp: now + 900,
        jti: createJti(Buffer.alloc(15, serial++), 1),
        sid: 'session',
        auth_time: now,
        tenant: 'blue',
        ...changed,
      }),
    revokeSession: (subject) =>
      parts.revocations.apply({
        seq: 1,
        kind: 'session',
        subject,
        version: 0,
        expiresAt: Number.MAX_SAFE_INTEGER,
      }),
  };
}

/** Closes everything that was started when the tests of the file are over. */
export function createStarter(start: StartApp): StartApp {
  const running: RunningApp[] = [];
  after(async () => {
    await Promise.all(running.map((app) => app.close()));
  });
  return async (guard, ran) => {
    const app = await start(guard, ran);
    running.push(app);
    return app;
  };
}
