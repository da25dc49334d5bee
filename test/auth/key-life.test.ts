import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { findKeyStatus } from '../../src/auth/keys/key-status.ts';
import type { AuthSettings } from '../../src/auth/settings.ts';
import { generateSigningKey } from '../../src/jwt/keys/import-keys.ts';
import { toJwks } from '../../src/jwt/keys/jwk.ts';
import { RecordNotFound, StoreUnavailable, TokenRefused } from '../../src/kernel/errors.ts';
import { parseRevocations } from '../../src/revocation/revocation-wire.ts';
import { expectTokens, openTestAuth, TEST_SETTINGS, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';

const DAY = 86_400;
const JANE = { username: 'jane', password: 'correct horse' };

/** What the key of this id is called at the moment. */
async function lifeOf(real: TestAuth, kid: string): Promise<string> {
  const { keys } = await real.store.readKeys();
  const key = keys.find((it) => it.kid === kid);
  return key === undefined ? 'removed' : findKeyStatus(key, keys, real.clock.now());
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}

/** Another program that keeps the JWKS for as long as it may. */
class ForeignVerifier {
  readonly #real: TestAuth;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #keys: JSONWebKeySet = { keys: [] };

  constructor(real: TestAuth) {
    this.#real = real;
  }

  async verify(token: string): Promise<void> {
    const now = this.#real.clock.now();
    if (now - this.#fetchedAt >= 300_000) {
      const { keys } = toJwks(this.#real.auth.keys.verification);
      this.#keys = { keys: keys.map((key) => ({ ...key })) };
      this.#fetchedAt = now;
    }
    await jwtVerify(token, createLocalJWKSet(this.#keys), { currentDate: new Date(now) });
  }
}

async function openPair(changes: Partial<AuthSettings> = {}) {
  const real = await openTestAuth(changes);
  return { real, other: await real.another() };
}

suite('the life of a key', () => {
  test('goes from publication to removal, and no verifier sees an unknown key', async () => {
    await using real = await openTestAuth();
    const foreign = new ForeignVerifier(real);
    const { refreshToken } = await real.auth.register(JANE);
    const first = real.auth.keys.signing.kid;
    let latest = refreshToken;
    const seen = new Map<string, string[]>();
    /** Everybody verifies a fresh token and those issued before, as long as they live. */
    const living: { token: string; until: number }[] = [];
    const look = async () => {
      await real.auth.maintain();
      const signIn = await real.auth.refresh(latest);
      latest = signIn.refreshToken;
      const now = real.clock.now();
      living.push({ token: signIn.accessToken, until: now + signIn.expiresIn * 1000 });
      while ((living[0]?.until ?? now) <= now) living.shift();
      for (const { token } of living) {
        real.verifier.verify(token);
        await foreign.verify(token);
      }
      for (const { kid } of (await real.store.readKeys()).keys) {
        const lives = seen.get(kid) ?? [];
        const life = await lifeOf(real, kid);
        if (lives.at(-1) !== life) lives.push(life);
        seen.set(kid, lives);
      }
    };
    // Tokens are verified every 40 seconds around the change, and every ten days before it.
    for (let day = 0; day < 80; day += 10) {
      await look();
      real.clock.step(10 * DAY);
    }
    real.clock.step(10 * DAY - 1_800);
    for (let second = 0; second < 7_200; second += 40) {
      await look();
      real.clock.step(40);
    }
    const [kid, second] = [...seen.keys()];
    assert.equal(kid, first);
    assert.deepEqual(seen.get(first), ['signing', 'retiring', 'retired']);
    assert.deepEqual(seen.get(second ?? ''), ['next', 'signing']);
    assert.equal(seen.size, 2);
    assert.deepEqual(
      real.auth.keys.verification.map((key) => key.kid),
      [second],
    );
    real.clock.step(8 * DAY);
    await real.auth.maintain();
    assert.equal(await lifeOf(real, first), 'removed');
    const events = await latestEvents(real.store, null, 1_000);
    const rotations = events.filter(({ type }) => type === 'key_rotated');
    assert.deepEqual(
      rotations.map(({ actor, subject }) => [actor.id, subject.id]),
      [['key-rotation', second]],
    );
  });

  test('without an interval, a key signs until an operator rotates it', async () => {
    const keyRotation = { ...TEST_SETTINGS.keyRotation, intervalSeconds: null };
    await using real = await openTestAuth({ keyRotation });
    const { kid } = real.auth.keys.signing;
    real.clock.step(3_650 * DAY);
    await real.auth.maintain();
    assert.equal(real.auth.keys.signing.kid, kid);
    assert.equal((await real.store.readKeys()).keys.length, 1);
  });

  test('many nodes that need a successor at the same time make one', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    real.clock.step(90 * DAY);
    await Promise.all([real.auth, other.auth, real.auth, other.auth].map((it) => it.maintain()));
    assert.equal((await real.store.readKeys()).keys.length, 2);
  });

  test('changes that are decided at the same time are all made', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    const algorithms = ['ES384', 'ES512', 'EdDSA', 'HS256'] as const;
    await Promise.all(
      algorithms.map((algorithm, at) =>
        (at % 2 === 0 ? real : other).auth.keyRotation.rotate({ algorithm, isUrgent: false }),
      ),
    );
    const { keys } = await real.store.readKeys();
    assert.deepEqual(
      keys.map(({ algorithm }) => algorithm).toSorted(),
      ['ES256', ...algorithms].toSorted(),
    );
  });

  test('a published successor is not published twice, and can be made to sign sooner', async () => {
    await using real = await openTestAuth();
    const algorithm = 'ES256';
    const rotate = (isUrgent: boolean) => real.auth.keyRotation.rotate({ algorithm, isUrgent });
    const old = real.auth.keys.signing.kid;
    const first = await rotate(false);
    assert.equal(first.activeAt, real.clock.now() + 600_000);
    assert.equal((await rotate(false)).kid, first.kid);
    assert.equal(real.auth.keys.signing.kid, old);
    assert.equal(real.auth.keys.verification.length, 2);
    const urgent = await rotate(true);
    assert.deepEqual([urgent.kid, urgent.activeAt], [first.kid, real.clock.now()]);
    assert.equal(real.auth.keys.signing.kid, first.kid);
    assert.equal(await lifeOf(real, old), 'retiring');
    // The life of its last token, and 15 minutes for clocks that step.
    real.clock.step(900 + 900 - 1);
    assert.equal(await lifeOf(real, old), 'retiring');
    real.clock.step(1);
    assert.equal(await lifeOf(real, old), 'retired');
  });

  test('another node reads the new key from the log, and switches by the clock alone', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    const next = await real.auth.keyRotation.rotate({ algorithm: 'ES256', isUrgent: false });
    assert.equal(other.auth.keys.verification.length, 1);
    await other.auth.revocations.catchUp();
    assert.equal(other.auth.keys.verification.length, 2);
    real.clock.step(599);
    assert.notEqual(other.auth.keys.signing.kid, next.kid);
    real.clock.step(1);
    assert.equal(other.auth.keys.signing.kid, next.kid);
    const { accessToken } = await other.auth.register(JANE);
    assert.equal(kidOf(accessToken), next.kid);
    real.verifier.verify(accessToken);
  });

  test('a node that could not read the keys reads them when the database answers again', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    const next = await real.auth.keyRotation.rotate({ algorithm: 'ES256', isUrgent: false });
    const { readKeys } = real.store;
    real.store.readKeys = async () => {
      throw new Error('away');
    };
    await assert.rejects(other.auth.revocations.catchUp());
    await assert.rejects(other.auth.revocations.catchUp());
    real.store.readKeys = readKeys;
    await other.auth.revocations.catchUp();
    assert.ok(other.auth.keys.verification.some(({ kid }) => kid === next.kid));
  });

  test('a node that could not read the log reads the keys, even if their entry has expired since', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    const { listRevocations } = real.store;
    real.store.listRevocations = () => Promise.reject(new Error('away'));
    await assert.rejects(other.auth.revocations.catchUp());
    real.store.listRevocations = listRevocations;
    const next = await real.auth.keyRotation.rotate({ algorithm: 'ES256', isUrgent: false });
    real.clock.step(DAY);
    assert.ok(!other.auth.keys.verification.some(({ kid }) => kid === next.kid));
    await other.auth.revocations.catchUp();
    assert.ok(other.auth.keys.verification.some(({ kid }) => kid === next.kid));
  });
});

suite('another algorithm', () => {
  test('is published before it signs, and nodes do not replace each other’s keys', async () => {
    await using real = await openTestAuth();
    const old = real.auth.keys.signing.kid;
    const newer = await real.another({ algorithm: 'EdDSA' });
    const nodes = [real, newer];
    let kids = new Set<string>();
    for (let minute = 0; minute < 180; minute++) {
      for (const { auth } of nodes) {
        await auth.maintain();
        await auth.revocations.catchUp();
      }
      kids = new Set((await real.store.readKeys()).keys.map(({ kid }) => kid));
      for (const node of nodes) {
        const username = `user-${minute}-${nodes.indexOf(node)}`;
        const { accessToken } = await node.auth.register({ ...JANE, username });
        for (const { verifier } of nodes) verifier.verify(accessToken);
      }
      real.clock.step(60);
    }
    // Both go on with their own, and neither retires the other's.
    assert.equal(kids.size, 2);
    assert.equal(real.auth.keys.signing.kid, old);
    assert.equal(newer.auth.keys.signing.algorithm, 'EdDSA');
    assert.equal(await lifeOf(real, old), 'signing');

    // The last node of the old algorithm is gone.
    for (let minute = 0; minute < 60 + 30 + 2; minute++) {
      real.clock.step(60);
      await newer.auth.maintain();
    }
    assert.equal(await lifeOf(real, old), 'retired');
    // One that comes back after all signs with what there is, until it has one of its own.
    const late = await real.another();
    assert.equal(late.auth.keys.signing.algorithm, 'EdDSA');
    real.clock.step(600);
    assert.equal(late.auth.keys.signing.algorithm, 'ES256');
    assert.notEqual(late.auth.keys.signing.kid, old);
  });
});

test('a key published ahead of a change of the algorithm waits an hour for nodes that use it', async () => {
  await using real = await openTestAuth();
  const { kid } = await real.auth.keyRotation.rotate({ algorithm: 'EdDSA', isUrgent: false });
  real.clock.step(4_000);
  await real.auth.maintain();
  assert.equal(await lifeOf(real, kid), 'signing');
  real.clock.step(300);
  await real.auth.maintain();
  assert.equal(await lifeOf(real, kid), 'retiring');
});

suite('a key that has leaked', () => {
  test('is refused immediately, whether its tokens were seen before or not, here and on nodes that read the log', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    const { accessToken, refreshToken } = await real.auth.register(JANE);
    const unseen = (await real.auth.refresh(refreshToken)).accessToken;
    const leaked = kidOf(accessToken);
    const refuses = (node: TestAuth, token: string) =>
      assert.throws(() => node.verifier.verify(token), TokenRefused);
    for (const node of [real, other]) node.verifier.verify(accessToken);

    await real.auth.keyRotation.revoke(leaked);
    refuses(real, accessToken);
    refuses(real, unseen);
    // Nothing but the log: what a node reads of keys afterwards may fail.
    real.store.readKeys = async () => {
      throw new Error('away');
    };
    await assert.rejects(other.auth.revocations.catchUp());
    refuses(other, accessToken);
    refuses(other, unseen);
    assert.ok(!toJwks(real.auth.keys.verification).keys.some(({ kid }) => kid === leaked));
  });

  test('has a successor immediately, and sessions live on', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    const { accessToken, refreshToken } = await real.auth.register(JANE);
    const leaked = kidOf(accessToken);
    await real.auth.keyRotation.revoke(leaked);
    await real.auth.keyRotation.revoke(leaked);
    await other.auth.revocations.catchUp();
    const fresh = await other.auth.refresh(refreshToken);
    assert.notEqual(kidOf(fresh.accessToken), leaked);
    for (const { verifier } of [real, other]) verifier.verify(fresh.accessToken);
    assert.equal((await real.store.readKeys()).keys.length, 2);
    assert.equal(await lifeOf(real, leaked), 'revoked');
    real.clock.step(8 * DAY);
    await real.auth.maintain();
    assert.equal(await lifeOf(real, leaked), 'removed');
  });

  test('makes sign-ins wait until other nodes have had the time to read its successor', async () => {
    const keyRotation = { ...TEST_SETTINGS.keyRotation, urgentLeadSeconds: 0.2 };
    await using real = await openTestAuth({ keyRotation });
    const { refreshToken, accessToken } = await real.auth.register(JANE);
    await real.auth.keyRotation.revoke(kidOf(accessToken));
    const start = performance.now();
    const [one, two] = await Promise.all([1, 2].map(() => real.auth.refresh(refreshToken)));
    const took = performance.now() - start;
    assert.ok(took > 195 && took < 2_000, `${took} ms`);
    assert.equal(kidOf(one?.accessToken ?? ''), kidOf(two?.accessToken ?? ''));
    real.verifier.verify(one?.accessToken ?? '');
  });

  test('is succeeded by the key that is published already', async () => {
    await using real = await openTestAuth();
    const next = await real.auth.keyRotation.rotate({ algorithm: 'ES256', isUrgent: false });
    await real.auth.keyRotation.revoke(real.auth.keys.signing.kid);
    assert.equal(real.auth.keys.signing.kid, next.kid);
    assert.equal(await lifeOf(real, next.kid), 'signing');
    assert.equal((await real.store.readKeys()).keys.length, 2);
  });

  test('and never signed leaves the signing key as it was, and a successor follows', async () => {
    await using real = await openTestAuth();
    const current = real.auth.keys.signing.kid;
    const next = await real.auth.keyRotation.rotate({ algorithm: 'ES256', isUrgent: false });
    await real.auth.keyRotation.revoke(next.kid);
    real.clock.step(3_600);
    await real.auth.maintain();
    assert.equal(real.auth.keys.signing.kid, current);
    assert.equal(await lifeOf(real, current), 'signing');
    const again = await real.auth.keyRotation.rotate({ algorithm: 'ES256', isUrgent: false });
    assert.notEqual(again.kid, next.kid);
    real.clock.step(600);
    assert.equal(real.auth.keys.signing.kid, again.kid);
  });

  test('does not fail requests on a node that has yet to read its successor', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    const { accessToken, refreshToken } = await real.auth.register(JANE);
    await real.auth.keyRotation.revoke(kidOf(accessToken));
    const { readKeys } = real.store;
    const gate = Promise.withResolvers<void>();
    real.store.readKeys = () => gate.promise.then(readKeys);
    const reading = other.auth.revocations.catchUp();
    while (!other.auth.revocations.index.isKeyRevoked(kidOf(accessToken))) {
      await new Promise(setImmediate);
    }
    const requests = [
      other.auth.refresh(refreshToken),
      other.login(JANE),
      other.auth.register({ ...JANE, username: 'joe' }),
    ];
    gate.resolve();
    await reading;
    for (const signIn of await Promise.all(requests)) real.verifier.verify(signIn.accessToken);
  });

  for (const [name, failing] of [
    ['does not answer', async () => Promise.reject(new StoreUnavailable('away'))],
    ['answers what it knew before', undefined],
  ] as const) {
    test(`makes sign-ins fail before they write anything while the database ${name}`, async () => {
      const { real, other } = await openPair();
      await using _ = real;
      const { accessToken, refreshToken, user } = await real.auth.register(JANE);
      const { readKeys } = real.store;
      const before = await readKeys();
      await real.auth.keyRotation.revoke(kidOf(accessToken));
      real.store.readKeys = failing ?? (async () => before);
      await other.auth.revocations.catchUp().catch(() => {});
      real.clock.step(31);
      const sessions = () =>
        real.store.listSessions({ userId: user.id, now: real.clock.now(), limit: 1_000 });
      const written = await sessions();
      for (const request of [
        other.auth.refresh(refreshToken),
        other.login(JANE),
        other.auth.register({ ...JANE, username: 'joe' }),
      ]) {
        await assert.rejects(request, StoreUnavailable);
      }
      assert.deepEqual(await sessions(), written);
      assert.equal(await real.store.findUser({ usernameKey: 'joe' }), undefined);
      real.store.readKeys = readKeys;
      real.verifier.verify((await other.auth.refresh(refreshToken)).accessToken);
    });
  }

  test('is published before its successor is read, and changes of keys after', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    const { accessToken, user } = await real.auth.register(JANE);
    const leaked = kidOf(accessToken);
    const { revocations, keys } = other.auth;
    const told: { kind: string; subject: string; ready: boolean }[] = [];
    let successor = '';
    revocations.follow(({ batches }) => {
      for (const { kind, subject } of batches.flatMap((batch) => parseRevocations(batch))) {
        const ready = keys.verification.some(({ kid }) => kid === successor);
        told.push({ kind, subject, ready });
      }
    });
    await real.auth.users.setRoles(user.id, ['admin']);
    await real.auth.keyRotation.revoke(leaked);
    successor = real.auth.keys.signing.kid;
    const { readKeys } = real.store;
    real.store.readKeys = async () => {
      throw new StoreUnavailable('away');
    };
    const before = revocations.position;
    for (let time = 0; time < 3; time++) {
      await assert.rejects(revocations.catchUp(), StoreUnavailable);
    }
    const revoking = [
      { kind: 'user', subject: user.id, ready: false },
      { kind: 'key', subject: leaked, ready: false },
    ];
    assert.deepEqual(told, revoking, 'once, however often the keys cannot be read');
    assert.equal(revocations.position, before);
    // A guard that comes now hears of them, and not of keys that it cannot get here.
    const live = revocations.after(0).flatMap((batch) => parseRevocations(batch));
    assert.deepEqual(
      live.map(({ kind }) => kind),
      ['user', 'key'],
    );
    real.store.readKeys = readKeys;
    await Promise.all([revocations.catchUp(), revocations.catchUp()]);
    assert.deepEqual(told, [...revoking, { kind: 'keys', subject: successor, ready: true }]);
    const { position } = revocations;
    assert.equal(position, real.auth.revocations.index.lastSeq);
    real.store.listRevocations = async () => ({ revocations: [], lastSeq: 1 });
    await revocations.catchUp();
    assert.equal(revocations.position, position, 'it never goes back');
  });

  test('that another node revokes while this one starts is refused here', async () => {
    await using real = await openTestAuth();
    await real.auth.register(JANE);
    const { listRevocations } = real.store;
    real.store.listRevocations = async (args) => {
      real.store.listRevocations = listRevocations;
      await real.auth.keyRotation.revoke(real.auth.keys.signing.kid);
      return listRevocations(args);
    };
    const late = await real.another();
    assert.equal(late.auth.keys.signing.kid, real.auth.keys.signing.kid);
    const host = { signingKey: generateSigningKey('ES256') };
    const rotation = {
      secret: 'Kd7wQ2xN9vR4tZpL0bYf6HsJ3mGc8UeB',
      compromised: true,
      overlapSeconds: 1,
    };
    const { auth } = await real.another(host);
    const token = expectTokens(await auth.login(JANE)).refreshToken;
    real.store.listRevocations = async (args) => {
      real.store.listRevocations = listRevocations;
      await auth.secretRotation.rotate(rotation);
      return listRevocations(args);
    };
    const last = await real.another(host);
    real.clock.step(2);
    await assert.rejects(last.auth.refresh(token), { code: 'refresh_token_invalid' });
  });

  test('must exist', async () => {
    await using real = await openTestAuth();
    await assert.rejects(real.auth.keyRotation.revoke('nobody'), RecordNotFound);
  });

  test('stays refused on a node that reads old keys late', async () => {
    const { real, other } = await openPair();
    await using _ = real;
    const { accessToken } = await real.auth.register(JANE);
    const before = await real.store.readKeys();
    await real.auth.keyRotation.revoke(kidOf(accessToken));
    const { readKeys } = real.store;
    real.store.readKeys = async () => before;
    await other.auth.revocations.catchUp();
    assert.throws(() => other.verifier.verify(accessToken), TokenRefused);
    real.store.readKeys = readKeys;
  });
});
