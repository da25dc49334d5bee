import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REVOCATION_MARGIN_MS } from '../../src/auth/settings.ts';
import { createGuard } from '../../src/guard/create-guard.ts';
import type { VerifiedToken } from '../../src/guard/verify/access-claims.ts';
import { MAX_CLOCK_TOLERANCE_SECONDS } from '../../src/jwt/claims.ts';
import { generateSigningKey } from '../../src/jwt/keys/import-keys.ts';
import { LatchkeyError, StoreUnavailable } from '../../src/kernel/errors.ts';
import { openTestAuth, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';

const lifetime = 900;
/** Seconds that an expired token is accepted for, as documented. */
const tolerance = 5;
const step = 600;
const password = 'correct horse';

/** The code of the refusal, or `accepted`. */
function judge({ verifier }: TestAuth, token: string): string {
  try {
    verifier.verify(token);
    return 'accepted';
  } catch (error) {
    if (error instanceof LatchkeyError) return error.code;
    throw error;
  }
}

async function keepHouse({ auth }: TestAuth): Promise<void> {
  await auth.maintain();
  await auth.revocations.catchUp();
  while (await auth.purgeExpired(100));
}

test('Even if the clock steps, no token is accepted beyond its expiry and the tolerance', async () => {
  await using node = await openTestAuth({ accessTokenTtl: lifetime });
  const start = node.clock.ms;
  const { accessToken } = await node.auth.register({ username: 'jane', password });
  const steps = [0, step, -step, step, 299, 5, 1, -1, step, -step, step, step, -3 * step, 3 * step];
  for (const seconds of steps) {
    node.clock.step(seconds);
    await keepHouse(node);
    const age = (node.clock.ms - start) / 1000;
    const due = age < lifetime + tolerance ? 'accepted' : 'token_expired';
    // Twice, for the second time it may be remembered.
    if (age >= -tolerance) {
      assert.deepEqual(
        [judge(node, accessToken), judge(node, accessToken)],
        [due, due],
        `${age} s`,
      );
    }
  }
});

/** Every way to revoke, each done to a user of its own. */
const revocations: Readonly<
  Record<string, (node: TestAuth, claims: VerifiedToken) => Promise<void>>
> = {
  logout: ({ auth }, claims) => auth.logout(claims),
  'logout of all': ({ auth }, claims) => auth.logoutAll(claims),
  'a password set': ({ auth }, { sub }) => auth.users.setPassword(sub, 'another horse'),
  'a role change': ({ auth }, { sub }) => auth.users.setRoles(sub, ['admin']),
  disabling: ({ auth }, { sub }) => auth.users.disable(sub),
  'revoking it alone': ({ auth }, claims) => auth.revokeToken(claims),
  deleting: ({ auth }, { sub }) => auth.users.delete(sub),
};

for (const [name, revoke] of Object.entries(revocations)) {
  test(`A token revoked by ${name} stays revoked while the clock steps forward and back`, async () => {
    await using node = await openTestAuth({ accessTokenTtl: lifetime });
    const { accessToken } = await node.auth.register({ username: 'jane', password });
    const claims = node.verifier.verify(accessToken);
    await revoke(node, claims);
    // At each moment of the token's life: the clock steps forward, the house is kept, a node starts and
    // reads the log by that clock, and the clock is put right.
    for (const age of [0, 300, lifetime - 1, lifetime + tolerance - 1]) {
      const right = node.clock.ms;
      node.clock.step(age + step);
      await keepHouse(node);
      await node.restart();
      node.clock.step(-step);
      assert.equal(judge(node, accessToken), 'token_revoked', `${age} s, after a step forward`);
      node.clock.step(-step);
      await keepHouse(node);
      await node.restart();
      assert.equal(judge(node, accessToken), 'token_revoked', `${age} s, after a step back`);
      node.clock.ms = right;
    }
  });
}

test('A clock that is set does not change for how long the log could not be read', async () => {
  await using node = await openTestAuth();
  const { revocations } = node.auth;
  const { listRevocations } = node.store;
  node.store.listRevocations = async () => {
    throw new StoreUnavailable('away');
  };
  await assert.rejects(revocations.catchUp(), StoreUnavailable);
  node.clock.step(8);
  node.clock.set(-3600);
  assert.equal(revocations.silenceMs, 8_000);
  node.clock.set(7200);
  node.clock.step(3);
  await assert.rejects(revocations.catchUp(), StoreUnavailable);
  assert.equal(revocations.silenceMs, 11_000);
  node.store.listRevocations = listRevocations;
  await revocations.catchUp();
  assert.equal(revocations.silenceMs, 0);
});

const hours = 3600;

for (const [name, revoke] of Object.entries({
  ...revocations,
  'ending it among others': ({ auth }: TestAuth, { sub, sid }: VerifiedToken) =>
    auth.endSession({ sub, sid: 'another' }, sid),
})) {
  test(`A token revoked by ${name} on a node with shorter lifetimes stays revoked`, async () => {
    await using node = await openTestAuth({ accessTokenTtl: lifetime });
    // It starts after the first, which revokes before it does anything else.
    const newer = await node.another({ accessTokenTtl: 6 * hours });
    const { accessToken } = await newer.auth.register({ username: 'jane', password });
    await revoke(node, node.verifier.verify(accessToken));
    await newer.auth.revocations.catchUp();
    for (const age of [1 * hours, 4 * hours, 1 * hours - 1]) {
      node.clock.step(age);
      for (const it of [node, newer]) {
        await keepHouse(it);
        assert.equal(judge(it, accessToken), 'token_revoked');
        await it.restart();
        assert.equal(judge(it, accessToken), 'token_revoked');
      }
    }
  });
}

test('A node with a signing key of the host also stores its longer lifetime when it starts', async () => {
  await using node = await openTestAuth({ accessTokenTtl: lifetime });
  const newer = await node.another({
    accessTokenTtl: 6 * hours,
    signingKey: generateSigningKey('ES256'),
  });
  const { accessToken, user } = await newer.auth.register({ username: 'jane', password });
  await node.auth.users.disable(user.id);
  node.clock.step(5 * hours);
  await keepHouse(node);
  await newer.restart();
  assert.equal(judge(newer, accessToken), 'token_revoked');
});

test('A node with shorter lifetimes revokes and replaces keys by the longest lifetime of all nodes', async () => {
  await using node = await openTestAuth({ accessTokenTtl: lifetime });
  const newer = await node.another({ accessTokenTtl: 6 * hours });
  const [{ kid = '' } = {}] = await node.auth.keyRotation.list();
  const { activeAt } = await node.auth.keyRotation.rotate({ algorithm: 'ES256', isUrgent: false });
  const [replaced] = await newer.auth.keyRotation.list();
  assert.equal(replaced?.retiredAt, activeAt + 6 * hours * 1000 + REVOCATION_MARGIN_MS);
  await node.auth.keyRotation.revoke(kid);
  const { revocations } = await node.store.listRevocations({ after: 0, now: 0 });
  const until = node.clock.ms + 6 * hours * 1000 + REVOCATION_MARGIN_MS;
  assert.deepEqual(
    revocations.map(({ kind, expiresAt }) => [kind, expiresAt]),
    [
      ['keys', until],
      ['key', until],
      ['keys', until],
    ],
  );
});

const leavings: Readonly<
  Record<
    string,
    (node: TestAuth, tokens: { claims: VerifiedToken; refreshToken: string }) => Promise<void>
  >
> = {
  'its access token': ({ auth }, { claims }) => auth.logout(claims),
  'its refresh token': ({ auth }, { refreshToken }) => auth.logoutByRefreshToken(refreshToken),
};

for (const [name, leave] of Object.entries(leavings)) {
  test(`A logout by ${name} revokes the access tokens of a session whose row was removed, and only once`, async () => {
    await using node = await openTestAuth();
    const first = await node.auth.register({ username: 'jane', password });
    node.clock.step(31);
    const { accessToken, refreshToken } = await node.auth.refresh(first.refreshToken);
    const claims = node.verifier.verify(accessToken);
    // As a node does whose clock is far ahead.
    await node.store.purgeExpired({ now: Number.MAX_SAFE_INTEGER, limit: 100 });
    await leave(node, { claims, refreshToken });
    for (const token of [accessToken, first.accessToken]) {
      assert.equal(judge(node, token), 'token_revoked');
    }
    for (let i = 0; i < 3; i++) await leave(node, { claims, refreshToken });
    const { revocations } = await node.store.listRevocations({ after: 0, now: 0 });
    assert.deepEqual(
      revocations.map(({ kind, subject }) => [kind, subject]),
      [['session', claims.sid]],
    );
    const events = await latestEvents(node.store, claims.sub, 9);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['session_ended', 'user_registered'],
    );
  });
}

test('A session that is named by its id is revoked only if it exists', async () => {
  await using node = await openTestAuth();
  const { user, session } = await node.auth.register({ username: 'jane', password });
  const stranger = await node.auth.register({ username: 'joe', password });
  await node.store.purgeExpired({ now: Number.MAX_SAFE_INTEGER, limit: 1 });
  const bearer = { sub: stranger.user.id, sid: stranger.session.id };
  for (const [who, id] of [
    [{ ...bearer, sub: user.id }, 'none'],
    [bearer, session.id],
  ] as const) {
    await assert.rejects(node.auth.endSession(who, id), { code: 'not_found' });
  }
  const { revocations } = await node.store.listRevocations({ after: 0, now: 0 });
  assert.deepEqual(revocations, []);
});

test('A new guard gets every live entry, even if the entries after it have expired', async () => {
  await using node = await openTestAuth();
  const { auth, clock, store } = node;
  const revoke = (jti: string) => auth.revokeToken({ sub: 'jane', sid: 'session', jti });
  clock.set(3600);
  await revoke('first');
  clock.set(-3600);
  // This many entries are encoded together, and dropped together.
  for (let count = 1; count < 256; count++) await revoke(`token ${count}`);
  await auth.revocations.catchUp();
  const { revocations } = await store.listRevocations({ after: 0, now: 0 });
  const isSent = async (ms: number) => {
    clock.ms = ms;
    await auth.revocations.purgeExpired();
    return auth.revocations.after(0).join().includes('"first"');
  };
  assert.equal(await isSent(revocations.at(-1)?.expiresAt ?? 0), true);
  assert.equal(await isSent(revocations[0]?.expiresAt ?? 0), false);
});

test('The margin of a revocation is far longer than every tolerance', () => {
  assert.ok(MAX_CLOCK_TOLERANCE_SECONDS * 1000 <= REVOCATION_MARGIN_MS / 3);
  const keys = 'Xq3vN8rT1yLw6ZpB0dKf5HsJ2mGc9UeA';
  const start = (clockTolerance: number) =>
    createGuard({ keys, algorithm: 'HS256', clockTolerance });
  start(0);
  start(300);
  for (const bad of [300.1, 301, 900, 3600, -1, Number.NaN]) {
    assert.throws(() => start(bad), /clockTolerance must be a number of seconds from 0 to 300/);
  }
});
