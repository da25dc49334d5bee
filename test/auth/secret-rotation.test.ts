import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { generateSigningKey } from '../../src/jwt/keys/import-keys.ts';
import {
  InvalidInput,
  InvalidSetting,
  RefreshRefused,
  StoreUnavailable,
} from '../../src/kernel/errors.ts';
import { openTestAuth, TEST_SETTINGS, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';

const JANE = { username: 'jane', password: 'correct horse' };
const OLD = TEST_SETTINGS.secret;
const NEW = 'Kd7wQ2xN9vR4tZpL0bYf6HsJ3mGc8UeB';
const THIRD = 'Wb5nT8qLr2VxZc7Yd0KfM4sHj1Ga9PuE';
const DAY = 86_400;

const rotate = (node: TestAuth, secret = NEW, compromised = false) =>
  node.auth.secretRotation.rotate({ secret, compromised, overlapSeconds: DAY });

const isRefused = (error: unknown) =>
  error instanceof InvalidSetting &&
  error.setting === 'LATCHKEY_SECRET' &&
  ![OLD, NEW, THIRD].some((secret) => error.message.includes(secret));

/** Every node can refresh what any node gave, and verifies it. */
async function assertServeOneAnother(nodes: readonly TestAuth[], refreshToken: string) {
  let latest = refreshToken;
  for (const node of nodes) {
    node.clock.step(31);
    const signIn = await node.auth.refresh(latest);
    latest = signIn.refreshToken;
    for (const { verifier } of nodes) verifier.verify(signIn.accessToken);
  }
  return latest;
}

suite('a new secret', () => {
  test('opens the database as well as the old one until the rotation is finished', async () => {
    await using old = await openTestAuth();
    const { refreshToken } = await old.auth.register(JANE);
    await rotate(old);
    const fresh = await old.another({ secret: NEW });
    const restarted = await old.another();
    const nodes = [old, fresh, restarted];
    let latest = await assertServeOneAnother(nodes, refreshToken);
    await assert.rejects(old.another({ secret: THIRD }), isRefused);

    assert.equal(await fresh.auth.secretRotation.finish(), true);
    assert.equal(await fresh.auth.secretRotation.finish(), false);
    await assert.rejects(old.another(), isRefused);
    // Running nodes go on, and read keys that are made later.
    await fresh.auth.keyRotation.rotate({ algorithm: 'ES256', isUrgent: true });
    for (const { auth } of nodes) await auth.revocations.catchUp();
    latest = await assertServeOneAnother(nodes, latest);
    await old.auth.ping();
    const late = await old.another({ secret: NEW });
    await assertServeOneAnother([late, ...nodes], latest);
    assert.equal(await countSecrets(old), 1);
    const events = await latestEvents(old.store, null, 100);
    const ofSecret = events.filter(({ subject }) => subject.kind === 'secret');
    assert.deepEqual(ofSecret.map(({ type }) => type).sort(), [
      'secret_rotated',
      'secret_rotation_finished',
    ]);
  });

  test('can be given twice, and taken back', async () => {
    await using old = await openTestAuth();
    await rotate(old);
    await rotate(old);
    assert.equal(await countSecrets(old), 2);
    await assert.rejects(rotate(old, THIRD), InvalidInput);
    await assert.rejects(rotate(old, NEW, true), InvalidInput);
    await assert.rejects(old.auth.secretRotation.finish(), InvalidInput);
    assert.equal(await old.auth.secretRotation.cancel(), true);
    assert.equal(await old.auth.secretRotation.cancel(), false);
    await assert.rejects(old.another({ secret: NEW }), isRefused);
    await rotate(old, THIRD);
    await old.another({ secret: THIRD });
  });

  test('must differ from the one in use', async () => {
    await using old = await openTestAuth();
    await assert.rejects(rotate(old, OLD), InvalidInput);
  });

  test('that could not be written completely changes nothing', async () => {
    await using old = await openTestAuth();
    const before = await old.store.readKeys();
    const { changeKeys } = old.store;
    old.store.changeKeys = async () => {
      throw new StoreUnavailable('away');
    };
    await assert.rejects(rotate(old, NEW, true), StoreUnavailable);
    old.store.changeKeys = changeKeys;
    assert.deepEqual(await old.store.readKeys(), before);
    await old.another();
  });

  test('cannot be found in the database', async () => {
    await using old = await openTestAuth();
    await rotate(old, NEW, true);
    const { envelopes, keys } = await old.store.readKeys();
    const text = JSON.stringify([envelopes, keys]);
    for (const secret of [OLD, NEW]) {
      assert.ok(!text.includes(secret));
      assert.ok(!text.includes(Buffer.from(secret).toString('base64url')));
    }
  });
});

suite('after a leak', () => {
  test('everything depends on a new root key, and users who refresh in time stay signed in', async () => {
    await using old = await openTestAuth();
    const { refreshToken } = await old.auth.register(JANE);
    const idle = await old.auth.register({ ...JANE, username: 'idle' });
    const signing = old.auth.keys.signing.kid;
    const before = await old.store.readKeys();
    await rotate(old, NEW, true);
    const after = await old.store.readKeys();
    const [first] = before.keys;
    const resealed = after.keys.find(({ kid }) => kid === signing);
    assert.notEqual(resealed?.sealedPrivateJwk, first?.sealedPrivateJwk);
    assert.equal(after.keys.length, 2);

    const fresh = await old.another({ secret: NEW });
    // No node signs under the new root key before all have had the time to read it.
    const early = await fresh.auth.refresh(refreshToken);
    assert.equal(kidOf(early.refreshToken), kidOf(refreshToken));
    const restarted = await old.another();
    const nodes = [old, fresh, restarted];
    let latest = await assertServeOneAnother(nodes, refreshToken);
    old.clock.step(600);
    assert.notEqual(old.auth.keys.signing.kid, signing);
    latest = await assertServeOneAnother(nodes, latest);
    assert.notEqual(kidOf(latest), kidOf(refreshToken));

    old.clock.step(DAY);
    for (const { auth } of nodes) await auth.maintain();
    await assert.rejects(old.another(), isRefused);
    for (const { auth } of nodes) {
      await assert.rejects(auth.refresh(idle.refreshToken), isInvalid);
    }
    await assertServeOneAnother(nodes, latest);
    assert.equal(await countSecrets(old), 1);
  });

  test('the new root key begins to sign, and the old one ends, to the millisecond', async () => {
    await using old = await openTestAuth();
    const { refreshToken } = await old.auth.register(JANE);
    const start = old.clock.now();
    await rotate(old, NEW, true);
    const kidAt = async (ms: number) => {
      old.clock.ms = start + ms;
      return kidOf((await old.login(JANE)).refreshToken);
    };
    assert.equal(await kidAt(59_999), kidOf(refreshToken));
    assert.notEqual(await kidAt(60_000), kidOf(refreshToken));
    const findAt = (ms: number) => {
      old.clock.ms = start + ms;
      return old.auth.findRefreshToken(refreshToken);
    };
    assert.ok(await findAt(DAY * 1000 - 1));
    assert.equal(await findAt(DAY * 1000), undefined);
  });

  test('a second rotation does not prolong what the first one ends', async () => {
    await using old = await openTestAuth();
    const { refreshToken } = await old.auth.register(JANE);
    await rotate(old, NEW, true);
    const fresh = await old.another({ secret: NEW });
    old.clock.step(DAY / 2);
    await rotate(fresh, THIRD, true);
    old.clock.step(DAY / 2 - 1);
    assert.ok(await fresh.auth.findRefreshToken(refreshToken));
    old.clock.step(1);
    assert.equal(await fresh.auth.findRefreshToken(refreshToken), undefined);
  });

  test('finishing ends the old root key before its time', async () => {
    await using old = await openTestAuth();
    const { refreshToken } = await old.auth.register(JANE);
    await rotate(old, NEW, true);
    await assert.rejects(old.auth.secretRotation.cancel(), InvalidInput);
    const fresh = await old.another({ secret: NEW });
    assert.equal(await fresh.auth.secretRotation.finish(), true);
    await assert.rejects(fresh.auth.refresh(refreshToken), isInvalid);
    await assert.rejects(old.another(), isRefused);
  });

  test('a node whose secret was replaced long ago follows with the root key it holds', async () => {
    await using old = await openTestAuth();
    await rotate(old);
    const fresh = await old.another({ secret: NEW });
    await fresh.auth.secretRotation.finish();
    await rotate(fresh, THIRD, true);
    await old.auth.revocations.catchUp();
    old.clock.step(600);
    const { refreshToken } = await fresh.auth.register(JANE);
    await assertServeOneAnother([old, fresh], refreshToken);
  });

  test('a node that did not follow in time is not ready', async () => {
    await using old = await openTestAuth();
    const deaf = await old.another();
    await rotate(old, NEW, true);
    const fresh = await old.another({ secret: NEW });
    await fresh.auth.secretRotation.finish();
    await deaf.auth.ping();
    await assert.rejects(deaf.auth.revocations.catchUp(), isRefused);
    await assert.rejects(deaf.auth.ping(), StoreUnavailable);
    await old.auth.ping();
  });

  // The attack: with the stolen secret and a copy of the database, anyone can sign refresh tokens under
  // the old root key.
  for (const [name, changes] of [
    ['keys in the database', {}],
    ['a key of its own', { signingKey: generateSigningKey('ES256') }],
  ] as const) {
    suite(`--finish ends the overlap on running nodes with ${name}`, () => {
      test('that have the old secret, the new one, or followed an earlier rotation', async () => {
        await using first = await openTestAuth(changes);
        const stolen = await first.auth.register(JANE);
        await rotate(first);
        const second = await first.another({ secret: NEW });
        await second.auth.secretRotation.finish();
        await rotate(second, THIRD, true);
        const third = await first.another({ secret: THIRD });
        const nodes = [first, second, third];
        for (const { auth } of nodes) await auth.revocations.catchUp();
        first.clock.step(61);
        const honest = await first.auth.refresh(stolen.refreshToken);
        const cli = await first.another({ secret: THIRD });
        assert.equal(await cli.auth.secretRotation.finish(), true);

        for (const { auth } of nodes) {
          await auth.revocations.catchUp();
          await assert.rejects(auth.refresh(stolen.refreshToken), isInvalid);
          await assert.rejects(auth.logoutByRefreshToken(stolen.refreshToken), isInvalid);
          assert.equal(await auth.findRefreshToken(stolen.refreshToken), undefined);
        }
        await assertServeOneAnother(nodes, honest.refreshToken);
      });

      test('that read the rotation only after it was finished', async () => {
        await using old = await openTestAuth(changes);
        const stolen = await old.auth.register(JANE);
        const deaf = await old.another();
        await rotate(old, NEW, true);
        const fresh = await old.another({ secret: NEW });
        await fresh.auth.secretRotation.finish();
        await assert.rejects(deaf.auth.revocations.catchUp(), isRefused);
        const sessions = () =>
          old.store.listSessions({ userId: stolen.user.id, now: old.clock.now(), limit: 1_000 });
        const before = await sessions();
        await assert.rejects(deaf.auth.refresh(stolen.refreshToken), StoreUnavailable);
        const leaving = deaf.auth.logoutByRefreshToken(stolen.refreshToken);
        await assert.rejects(leaving, StoreUnavailable);
        // It gives out no tokens that the other nodes would refuse, either.
        await assert.rejects(deaf.auth.login(JANE), StoreUnavailable);
        await assert.rejects(deaf.auth.register({ ...JANE, username: 'joe' }), StoreUnavailable);
        assert.deepEqual(await sessions(), before);
      });

      test('and a second --finish has nothing to do', async () => {
        await using old = await openTestAuth(changes);
        await rotate(old, NEW, true);
        const fresh = await old.another({ secret: NEW });
        assert.equal(await fresh.auth.secretRotation.finish(), true);
        assert.equal(await fresh.auth.secretRotation.finish(), false);
      });
    });
  }

  test('after a rotation is taken back, running nodes with the new secret go on', async () => {
    await using old = await openTestAuth();
    await rotate(old);
    const fresh = await old.another({ secret: NEW });
    await old.auth.secretRotation.cancel();
    await fresh.auth.revocations.catchUp();
    const { refreshToken } = await fresh.auth.register(JANE);
    await assertServeOneAnother([old, fresh], refreshToken);
    await assert.rejects(old.another({ secret: NEW }), isRefused);
    await rotate(old, THIRD, true);
  });
});

/** How many secrets open the database. */
async function countSecrets({ store }: TestAuth): Promise<number> {
  const { envelopes } = await store.readKeys();
  return envelopes.filter(({ id }) => id.startsWith('secret:')).length;
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}

function isInvalid(error: unknown): boolean {
  return error instanceof RefreshRefused && error.code === 'refresh_token_invalid';
}
