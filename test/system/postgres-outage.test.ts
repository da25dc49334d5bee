import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { repetitionsOf } from '../../scripts/proofs.ts';
import type { IssuedTokens } from '../../src/auth/sessions/tokens/issued-tokens.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import {
  CredentialsRefused,
  IdentifierTaken,
  RefreshRefused,
  StoreUnavailable,
  TokenRefused,
} from '../../src/kernel/errors.ts';
import { type Latchkey, openLatchkey } from '../../src/system/latchkey.ts';
import { expectTokens } from '../support/auth.ts';
import { startPostgres } from '../support/postgres.ts';
import { testOptions } from '../support/server.ts';
import { startSilentProxy } from '../support/silent-proxy.ts';

/** How often the database goes away. */
const OUTAGES = repetitionsOf('TEST_OUTAGES');
const ACTORS = 12;
/** Acknowledged writes between two outages. */
const WRITES = 60;

const postgres = await startPostgres();

/** Real time, and as much more as the test adds to make refresh tokens due. */
class SteppingClock implements Clock {
  added = 0;
  now(): number {
    return Date.now() + this.added;
  }
}

/** What one user was told, and so may rely upon. */
class Actor {
  readonly username: string;
  password = 'password 0';
  signIn: IssuedTokens;
  /** Sign-ins that were ended, of which nothing may work any more. */
  readonly ended: IssuedTokens[] = [];

  constructor(username: string, signIn: IssuedTokens) {
    this.username = username;
    this.signIn = signIn;
  }
}

class Load {
  readonly latchkey: Latchkey;
  readonly actors: Actor[] = [];
  acknowledged = 0;
  unavailable = 0;
  slowestRefusal = 0;
  /** No life begins another turn. */
  stopped = false;
  /** The test is over, and the database will not come back. */
  abandoned = false;

  constructor(latchkey: Latchkey) {
    this.latchkey = latchkey;
  }

  /** Does it until it is acknowledged, as an honest client would; no failure but one of the database may come. */
  async insist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      const started = performance.now();
      try {
        const answer = await work();
        this.acknowledged += 1;
        return answer;
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || this.abandoned) throw error;
        this.unavailable += 1;
        this.slowestRefusal = Math.max(this.slowestRefusal, performance.now() - started);
        await pause(5);
      }
    }
  }

  async register(username: string): Promise<Actor> {
    const { auth } = this.latchkey;
    const password = 'password 0';
    const signIn = await this.insist(() =>
      auth.register({ username, password }).catch((error) => {
        // It was done, and the database went away before it said so.
        if (error instanceof IdentifierTaken) return this.logIn(username, password);
        throw error;
      }),
    );
    const actor = new Actor(username, signIn);
    this.actors.push(actor);
    return actor;
  }

  async logIn(username: string, password: string): Promise<IssuedTokens> {
    return expectTokens(await this.latchkey.auth.login({ username, password }));
  }

  async live(username: string): Promise<void> {
    const { auth, verifier } = this.latchkey;
    const actor = await this.register(username);
    for (let turn = 1; !this.stopped; turn++) {
      actor.signIn = await this.insist(() => auth.refresh(actor.signIn.refreshToken));

      const password = `password ${turn}`;
      const bearer = verifier.verify(actor.signIn.accessToken);
      const change = { current_password: actor.password, new_password: password };
      await this.insist(() =>
        auth.changePassword(bearer, change).catch((error) => {
          // Done before, and not said.
          if (!(error instanceof CredentialsRefused)) throw error;
          return this.logIn(username, password);
        }),
      );
      actor.password = password;

      await this.insist(() => auth.logout(bearer));
      actor.ended.push(actor.signIn);
      actor.signIn = await this.insist(() => this.logIn(username, password));
    }
  }
}

/** Verifies again and again, whatever the database does. Answers how often. */
async function verifyAll(load: Load, living: IssuedTokens): Promise<number> {
  const { verifier } = load.latchkey;
  let verified = 0;
  while (!load.stopped) {
    verifier.verify(living.accessToken);
    verified += 1;
    for (const { ended } of load.actors) {
      const last = ended.at(-1);
      if (last === undefined) continue;
      assert.throws(() => verifier.verify(last.accessToken), TokenRefused);
      verified += 1;
    }
    await pause(1);
  }
  return verified;
}

test('closing takes a few seconds at most if the database does not answer', {
  timeout: 30_000,
}, async (t) => {
  const proxy = await startSilentProxy(t, await postgres.createDatabase());
  const latchkey = await openLatchkey({ ...testOptions(), databaseUrl: proxy.url });
  const { auth } = latchkey;
  await auth.register({ username: 'jane', password: 'password 0' });
  // Takes the lease, which closing gives back.
  await auth.maintain();
  proxy.fallSilent();
  const login = assert.rejects(
    auth.login({ username: 'jane', password: 'password 0' }),
    StoreUnavailable,
  );
  const start = performance.now();
  await latchkey.close();
  assert.ok(performance.now() - start < 9_000, 'longer than a server has to stop');
  await login;
  await proxy.deserted();
});

test(`nothing acknowledged is lost when the database is stopped ${OUTAGES} times under load`, {
  timeout: 60_000 + OUTAGES * 10_000,
}, async (t) => {
  const clock = new SteppingClock();
  const databaseUrl = await postgres.createDatabase();
  const options = { ...testOptions(), databaseUrl, clock };
  // That it fails in the background is what this test is about.
  const latchkey = await openLatchkey(options, { onBackgroundReport: () => {} });
  const load = new Load(latchkey);
  t.after(() => {
    load.stopped = true;
    load.abandoned = true;
    return latchkey.close();
  });

  const bystander = await load.register('bystander');
  const verifying = verifyAll(load, bystander.signIn);
  const lives = Array.from({ length: ACTORS }, (_, i) => load.live(`actor-${i}`));
  const all = Promise.all([verifying, ...lives]);
  // A failure is told at the end; it must not stop the test meanwhile.
  all.catch(() => {
    load.stopped = true;
  });

  const recoveries: number[] = [];
  const modes = ['immediate', 'kill', 'fast'] as const;
  for (let outage = 0; outage < OUTAGES && !load.stopped; outage++) {
    clock.added += 31_000;
    const target = load.acknowledged + WRITES + outage * 7;
    while (load.acknowledged < target && !load.stopped) await pause(1);
    await postgres.stop(modes[outage % modes.length] ?? 'kill');
    const seen = load.unavailable;
    while (load.unavailable < seen + ACTORS && !load.stopped) await pause(1);
    await postgres.restart();
    const back = performance.now();
    const before = load.acknowledged;
    while (load.acknowledged < before + ACTORS && !load.stopped) await pause(1);
    recoveries.push(performance.now() - back);
  }
  load.stopped = true;
  await all;

  // A node that starts now knows nothing but what the database kept.
  const fresh = await openLatchkey({ ...options, revocationPollInterval: 600_000 });
  t.after(() => fresh.close());
  for (const { username, password, signIn, ended } of load.actors) {
    fresh.verify(signIn.accessToken);
    const refreshed = await fresh.auth.refresh(signIn.refreshToken);
    assert.ok(refreshed.session.generation >= signIn.session.generation);
    await fresh.auth.login({ username, password });
    for (const it of ended) {
      assert.throws(() => fresh.verify(it.accessToken), TokenRefused);
      await assert.rejects(fresh.auth.refresh(it.refreshToken), RefreshRefused);
    }
  }
  const slowest = Math.max(...recoveries);
  // A busy machine takes longer than the node, so the limits only find waits that do not end by themselves.
  assert.ok(slowest < 20_000, `recovered only after ${slowest} ms`);
  assert.ok(load.slowestRefusal < 20_000, `refused only after ${load.slowestRefusal} ms`);
  t.diagnostic(
    `${load.acknowledged} acknowledged, ${load.unavailable} refused, ${await verifying} verified; ` +
      `recovery ${slowest.toFixed(0)} ms at most, refusal ${load.slowestRefusal.toFixed(0)} ms at most`,
  );
});
