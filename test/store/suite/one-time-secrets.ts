import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OneTimeSecretRecord } from '../../../src/auth/ports/one-time-secrets.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { anEvent, anyAge, aSecret, unique } from '../records.ts';
import { type OpenDatabase, revoking, signUp } from './harness.ts';

const now = 1_000;
const BOUND = { limit: 3, endsOldest: false, replaces: null };

async function create(
  store: Store,
  fields: Partial<OneTimeSecretRecord> = {},
  bound: Parameters<Store['createOneTimeSecret']>[0]['bound'] = BOUND,
): Promise<OneTimeSecretRecord> {
  const secret = aSecret(fields);
  assert.deepEqual(await store.createOneTimeSecret({ secret, bound, now }), { status: 'created' });
  return secret;
}

const find = (store: Store, { id, purpose }: OneTimeSecretRecord, at = now) =>
  store.findOneTimeSecret({ id, purpose, now: at });

async function live(store: Store, secrets: readonly OneTimeSecretRecord[]): Promise<boolean[]> {
  const found = await Promise.all(secrets.map((it) => find(store, it)));
  return found.map((it) => it !== undefined);
}

export function oneTimeSecretTests(given: () => Store, open: OpenDatabase): void {
  test('is found as it was stored, by its id and purpose, until it expires', async () => {
    const store = given();
    const secret = await create(store, { browser: 'a browser' });
    assert.deepEqual(await find(store, secret, 999_999), secret);
    assert.equal(await find(store, secret, 1_000_000), undefined);
    assert.equal(await find(store, { ...secret, purpose: 'verify' }), undefined);
    assert.equal(await find(store, { ...secret, id: unique('secret') }), undefined);
  });

  test('is consumed once, and only with the members of its record', async () => {
    const store = given();
    const secret = await create(store);
    const use = { ...secret, now };
    const others = [
      { id: unique('secret') },
      { purpose: 'verify' },
      { subject: unique('subject') },
      { mac: 'another' },
      { now: 1_000_000 },
    ];
    for (const other of others) {
      assert.deepEqual(await store.consumeOneTimeSecret({ ...use, ...other }), { found: false });
    }
    assert.deepEqual(await find(store, secret), secret);
    assert.deepEqual(await store.consumeOneTimeSecret({ ...use, now: 999_999 }), { found: true });
    assert.deepEqual(await store.consumeOneTimeSecret(use), { found: false });
    assert.equal(await find(store, secret), undefined);
    const attempt = { ...use, subject: null, maxAttempts: 5 };
    assert.equal(await store.tryOneTimeCode(attempt), undefined);
  });

  test('50 uses at the same time give one success', async (t) => {
    const { store, another, remove } = await open();
    const second = another ? await another() : store;
    const third = another ? await another() : store;
    const stores = [store, second, third];
    t.after(async () => {
      await Promise.all([second.close(), third.close()]);
      await remove();
    });
    for (let round = 0; round < 3; round++) {
      const secret = await create(store);
      const uses = Array.from({ length: 50 }, (_, at) =>
        (stores[at % 3] ?? store).consumeOneTimeSecret({ ...secret, now }),
      );
      const found = (await Promise.all(uses)).filter((it) => it.found);
      assert.equal(found.length, 1);

      const { user } = await signUp(store, 1);
      const challenge = await create(store, { subject: user.id });
      const changes = Array.from({ length: 20 }, (_, at) =>
        (stores[at % 3] ?? store).changePassword({
          ...{ userId: user.id, verifiedHash: null, newHash: `hash ${at}`, keep: null, now },
          ...{ consume: { ...challenge, now }, ...revoking() },
        }),
      );
      const changed = (await Promise.all(changes)).filter((it) => it.found);
      assert.equal(changed.length, 1);
      assert.equal((await store.findUser({ id: user.id }))?.tokenVersion, 1);
    }
  });

  test('of many codes that are tried at the same time, five are compared', async (t) => {
    const { store, another, remove } = await open();
    const second = another ? await another() : store;
    t.after(async () => {
      await second.close();
      await remove();
    });
    const secret = await create(store);
    const attempt = { id: secret.id, purpose: 'reset', subject: null, maxAttempts: 5, now };
    const tries = Array.from({ length: 30 }, (_, at) =>
      (at % 2 === 0 ? store : second).tryOneTimeCode(attempt),
    );
    const compared = (await Promise.all(tries)).filter((it) => it !== undefined);
    assert.deepEqual(compared, Array(5).fill(secret));
    assert.deepEqual(await find(store, secret), secret, 'the token goes on working');
    assert.deepEqual(await store.consumeOneTimeSecret({ ...secret, now }), { found: true });
  });

  test('an attempt counts only for the row, purpose and subject, and while the code lasts', async () => {
    const store = given();
    const secret = await create(store);
    const { id, subject } = secret;
    const attempt = { id, purpose: 'reset', subject, maxAttempts: 2, now: 499_999 };
    for (const other of [
      { id: unique('secret') },
      { purpose: 'verify' },
      { subject: unique('subject') },
      { now: 500_000 },
    ]) {
      for (let tries = 0; tries < 3; tries++) {
        assert.equal(await store.tryOneTimeCode({ ...attempt, ...other }), undefined);
      }
    }
    assert.deepEqual(await store.tryOneTimeCode(attempt), secret);
    assert.deepEqual(await store.tryOneTimeCode({ ...attempt, subject: null }), secret);
    assert.equal(await store.tryOneTimeCode(attempt), undefined);
    const codeless = await create(store, { codeExpiresAt: null });
    assert.equal(await store.tryOneTimeCode({ ...attempt, ...codeless, now }), undefined);
  });

  test('three live side by side, and a fourth replaces one of its own request or browser', async () => {
    const store = given();
    const subject = unique('subject');
    const first = await create(store, { subject, browser: 'one' });
    const second = await create(store, { subject, browser: 'two' });
    const third = await create(store, { subject });
    const fourth = aSecret({ subject });
    const full = await store.createOneTimeSecret({ secret: fourth, bound: BOUND, now });
    assert.deepEqual(full, { status: 'full' });
    assert.deepEqual(await live(store, [first, second, third, fourth]), [true, true, true, false]);
    // Other purposes and subjects, used and expired ones do not count.
    await create(store, { subject, purpose: 'verify' });
    const again = await create(store, { subject, browser: 'two' });
    const resent = await create(store, { subject }, { ...BOUND, replaces: third.id });
    const all = [first, second, third, again, resent];
    assert.deepEqual(await live(store, all), [true, false, false, true, true]);
    const stranger = await create(store, {}, { ...BOUND, replaces: first.id });
    assert.deepEqual(await live(store, [first, stranger]), [true, true], 'another subject');
    await store.consumeOneTimeSecret({ ...first, now });
    const used = await create(store, { subject });
    const newest = await create(store, { subject }, { ...BOUND, endsOldest: true });
    assert.deepEqual(await live(store, [again, resent, used, newest]), [false, true, true, true]);
    const late = { secret: aSecret({ subject }), bound: BOUND, now: 1_000_000 };
    assert.deepEqual(await store.createOneTimeSecret(late), { status: 'created' });
    const unbound = await Promise.all(
      Array.from({ length: 5 }, () => create(store, { subject, browser: 'b' }, null)),
    );
    assert.deepEqual(new Set(await live(store, unbound)), new Set([true]));
  });

  test('of many that are made at the same time, three live', async (t) => {
    const { store, another, remove } = await open();
    const second = another ? await another() : store;
    t.after(async () => {
      await second.close();
      await remove();
    });
    for (let round = 0; round < 3; round++) {
      const subject = unique('subject');
      const made = await Promise.all(
        Array.from({ length: 12 }, (_, at) => {
          const secret = aSecret({ subject });
          return (at % 2 === 0 ? store : second).createOneTimeSecret({ secret, bound: BOUND, now });
        }),
      );
      assert.equal(made.filter(({ status }) => status === 'created').length, 3);
    }
  });

  test('a verb that fails after it consumed a secret leaves it unused', async () => {
    const store = given();
    const { user } = await signUp(store, 1);
    const secret = await create(store, { subject: user.id });
    const event = anEvent();
    await store.recordEvent(event);
    const change = { userId: user.id, verifiedHash: null, newHash: 'x', keep: null, now };
    const consume = { ...secret, now };
    await assert.rejects(store.changePassword({ ...change, consume, issuedUntil: 9_000, event }));
    assert.deepEqual(await find(store, secret), secret);
    // What is not changed for another reason consumes nothing, either.
    for (const reason of [
      { verifiedHash: 'another' },
      { keep: { sessionId: 'gone', expiresAt: 1, ...anyAge } },
      { userId: 'nobody' },
    ]) {
      const args = { ...change, consume, ...reason, ...revoking() };
      assert.equal((await store.changePassword(args)).found, false);
    }
    assert.deepEqual(await find(store, secret), secret);
    const refused = { ...consume, mac: 'another' };
    const args = { ...change, consume: refused, ...revoking() };
    assert.equal((await store.changePassword(args)).found, false);
    assert.deepEqual(await store.findUser({ id: user.id }), user);
  });

  test('a password change ends all but those that undo the acts of a thief', async () => {
    const store = given();
    const { user } = await signUp(store, 1);
    const subject = user.id;
    const ended = [
      await create(store, { subject }),
      await create(store, { subject, purpose: 'link' }),
    ];
    const lasting = [
      await create(store, { subject, purpose: 'undo' }),
      await create(store, { subject, purpose: 'report' }),
      await create(store),
    ];
    const change = { userId: subject, verifiedHash: null, newHash: 'x', keep: null, now };
    await store.changePassword({ ...change, ...revoking() });
    assert.deepEqual(await live(store, [...ended, ...lasting]), [false, false, true, true, true]);
    await store.deleteUser({ userId: subject, now, ...revoking() });
    assert.deepEqual(await live(store, lasting), [false, false, true]);
  });

  test('is removed by the background job once it has expired, used or not', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const secrets = [await create(store), await create(store), await create(store)];
    const [used] = secrets;
    assert.ok(used);
    await store.consumeOneTimeSecret({ ...used, now });
    const lasting = await create(store, { expiresAt: 1_000_001 });
    assert.deepEqual(await store.purgeExpired({ now: 999_999, limit: 9 }), { removed: 0 });
    assert.deepEqual(await store.purgeExpired({ now: 1_000_000, limit: 2 }), { removed: 2 });
    assert.deepEqual(await store.purgeExpired({ now: 1_000_000, limit: 9 }), { removed: 1 });
    assert.deepEqual(await find(store, lasting), lasting);
  });
}
