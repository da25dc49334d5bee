import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { repetitionsOf } from '../../scripts/proofs.ts';
import { anonymousCaller, type Caller, operatorCaller } from '../../src/auth/audit/caller.ts';
import { Attempt } from '../../src/auth/limits/attempt.ts';
import { findNetworks, isPrivateAddress } from '../../src/auth/limits/networks.ts';
import { needsSecondProof } from '../../src/auth/limits/sign-in-attempt.ts';
import {
  CredentialsRefused,
  ServerOverloaded,
  StoreUnavailable,
  TooManyAttempts,
} from '../../src/kernel/errors.ts';
import { openTestAuth, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';

const PASSWORD = 'correct horse battery';
const from = (address: string, deviceToken?: string): Caller => ({
  ...anonymousCaller,
  address,
  deviceToken,
});
/** An address of its own for each number. */
const addressOf = (n: number) => `203.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;

const openLimited = () => openTestAuth({ limits: { privateAddresses: false } });

type Outcome = 'tried' | 'refused';

async function guess(
  { auth }: TestAuth,
  username: string,
  caller: Caller,
  password = 'a wrong guess',
): Promise<Outcome> {
  try {
    await auth.login({ username, password }, caller);
    throw new Error('The guess was right.');
  } catch (error) {
    if (error instanceof CredentialsRefused) return 'tried';
    if (error instanceof TooManyAttempts) return 'refused';
    throw error;
  }
}

async function guessTimes(
  node: TestAuth,
  count: number,
  username: string,
  caller: (n: number) => Caller,
): Promise<number> {
  let tried = 0;
  for (let n = 0; n < count; n++) {
    if ((await guess(node, username, caller(n))) === 'tried') tried++;
  }
  return tried;
}

async function refusalOf(work: Promise<unknown>): Promise<TooManyAttempts> {
  const error = await work.then(
    () => undefined,
    (it: unknown) => it,
  );
  assert.ok(error instanceof TooManyAttempts, String(error));
  return error;
}

suite('guesses at one account', () => {
  test('ten are free, then one waits 1 s, 2 s, 4 s … 15 min, and a day without failure ends it', async () => {
    await using node = await openLimited();
    await node.auth.register({ username: 'jane', password: PASSWORD });
    const caller = (n: number) => from(addressOf(n));
    assert.equal(await guessTimes(node, 12, 'jane', caller), 10);
    const waits: number[] = [];
    for (let n = 0; n < 13; n++) {
      const { retryAfter } = await refusalOf(
        node.auth.login({ username: 'jane', password: PASSWORD }, caller(n)),
      );
      waits.push(retryAfter);
      node.clock.step(retryAfter);
      assert.equal(await guess(node, 'JANE', caller(n)), 'tried');
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    node.clock.step(86_400);
    assert.equal(await guessTimes(node, 12, 'jane', caller), 10);
  });

  test('an unknown name has the same limit, and each of two names has its own', async () => {
    await using node = await openLimited();
    await node.auth.register({ username: 'jane', email: 'jane@example.com', password: PASSWORD });
    const caller = () => from('198.51.100.7');
    assert.equal(await guessTimes(node, 12, 'nobody', caller), 10);
    assert.equal(await guessTimes(node, 12, 'jane', caller), 10);
    // The address belongs to the same account, which must not show.
    assert.equal(await guessTimes(node, 9, 'Jane@Example.com', caller), 9);
    const byAddress = { email: 'jane@example.com', password: PASSWORD };
    await node.login(byAddress, from('198.51.100.8'));
    // The success cleared the bucket of this name alone.
    assert.equal(await guessTimes(node, 12, 'jane@example.com', (n) => from(addressOf(n))), 10);
    assert.equal(await guess(node, 'jane', from('198.51.100.9')), 'refused');
  });

  test('only a wrong password counts', async () => {
    await using node = await openLimited();
    const { user } = await node.auth.register({ username: 'jane', password: PASSWORD });
    const login = (password = PASSWORD) =>
      node.auth.login({ username: 'jane', password }, from('198.51.100.7'));
    for (let n = 0; n < 40; n++) await login();
    const { verify } = node.hasher;
    node.hasher.verify = async () => {
      throw new ServerOverloaded('Full.');
    };
    for (let n = 0; n < 40; n++) await assert.rejects(login(), ServerOverloaded);
    node.hasher.verify = verify;
    await node.auth.users.disable(user.id);
    for (let n = 0; n < 40; n++) await assert.rejects(login(), { code: 'account_disabled' });
    await node.auth.users.enable(user.id);
    await login();
  });

  test('attempts at the same moment are no more than those one after another', async () => {
    await using node = await openLimited();
    const another = await node.another();
    const guesses = Array.from({ length: 200 }, (_, n) =>
      guess(n % 2 === 0 ? node : another, 'jane', from(addressOf(n))),
    );
    const outcomes = await Promise.all(guesses);
    assert.equal(outcomes.filter((it) => it === 'tried').length, 10);
  });

  test('a refused attempt costs no hash, and reads the database at most once in five seconds', async () => {
    await using node = await openLimited();
    const caller = (n: number) => from(addressOf(n));
    await guessTimes(node, 15, 'jane', caller);
    node.clock.step(1);
    await guessTimes(node, 2, 'jane', caller);
    const verified = node.hasher.verified;
    let asked = 0;
    const { takePlaces } = node.store;
    node.store.takePlaces = (args) => {
      asked++;
      return takePlaces(args);
    };
    await guessTimes(node, 100, 'jane', caller);
    assert.deepEqual([asked, node.hasher.verified - verified], [0, 0]);
  });
});

suite('known devices', () => {
  test('a device that signed in is not kept waiting, until the password changes', async () => {
    await using node = await openLimited();
    const { deviceToken, session } = await node.auth.register({
      username: 'jane',
      password: PASSWORD,
    });
    await guessTimes(node, 20, 'jane', (n) => from(addressOf(n)));
    const known = from('198.51.100.7', deviceToken);
    const login = { username: 'jane', password: PASSWORD };
    const { deviceToken: renewed } = await node.login(login, known);
    assert.equal(renewed, deviceToken);
    assert.match(deviceToken ?? '', /^1\.[\w-]{22}\.[\w-]{22}$/);
    // The success did not clear the bucket of strangers.
    await refusalOf(node.auth.login(login, from('198.51.100.7')));

    const principal = { sub: session.userId, sid: session.id };
    const change = { current_password: PASSWORD, new_password: 'another battery staple' };
    const changed = await node.auth.changePassword(principal, change, known);
    const changedLogin = { username: 'jane', password: 'another battery staple' };
    await refusalOf(node.auth.login(changedLogin, known));
    await node.login(changedLogin, from('198.51.100.7', changed.deviceToken));
  });

  test('its bucket is for its accounts alone, and it proves nothing', async () => {
    await using node = await openLimited();
    const jane = await node.auth.register({ username: 'jane', password: PASSWORD });
    await node.auth.register({ username: 'joe', password: PASSWORD });
    const device = from('198.51.100.7', jane.deviceToken);
    await guessTimes(node, 20, 'joe', (n) => from(addressOf(n)));
    assert.equal(await guess(node, 'joe', device), 'refused');
    assert.equal(await guess(node, 'jane', device), 'tried');
    // A token that was made up or cut is as good as none.
    for (const token of ['', '1', '2.x', `${jane.deviceToken}x`, `1.${'A'.repeat(22)}`]) {
      assert.equal(await guess(node, 'joe', from('198.51.100.7', token)), 'refused', token);
    }
  });

  test('ten failures put it back among strangers, until it signs in as one', async () => {
    await using node = await openLimited();
    const { deviceToken } = await node.auth.register({ username: 'jane', password: PASSWORD });
    const device = from('198.51.100.7', deviceToken);
    const login = { username: 'jane', password: PASSWORD };
    // The places of its own bucket, then those of strangers.
    assert.equal(await guessTimes(node, 22, 'jane', () => device), 20);
    node.clock.step(1);
    const fresh = await node.login(login, device);
    assert.notEqual(fresh.deviceToken?.split('.')[1], deviceToken?.split('.')[1]);
    await guessTimes(node, 20, 'jane', (n) => from(addressOf(n)));
    await node.login(login, from('198.51.100.7', fresh.deviceToken));
  });

  test('is known for its ten latest accounts', async () => {
    await using node = await openLimited();
    let deviceToken: string | undefined;
    for (let n = 0; n < 11; n++) {
      const input = { username: `user${n}`, password: PASSWORD };
      ({ deviceToken } = await node.auth.register(input, from('10.0.0.1', deviceToken)));
    }
    assert.equal(deviceToken?.split('.').length, 12);
    const device = from('10.0.0.1', deviceToken);
    for (const [name, expected] of [
      ['user0', 10],
      ['user1', 20],
    ] as const) {
      assert.equal(await guessTimes(node, 22, name, () => device), expected, name);
    }
  });
});

suite('addresses', () => {
  test('30 failures in 10 minutes close an IPv4 address or an IPv6 /64, and 240 a /48', async () => {
    await using node = await openLimited();
    let names = 0;
    const spray = (count: number, address: string) => {
      const tries = Array.from({ length: count }, () => guess(node, `u${names++}`, from(address)));
      return Promise.all(tries).then((it) => it.filter((each) => each === 'tried').length);
    };
    assert.equal(await spray(40, '203.0.113.1'), 30);
    assert.equal(await spray(1, '203.0.113.2'), 1);
    node.clock.step(599);
    assert.equal(await spray(5, '203.0.113.1'), 0);
    node.clock.step(1);
    assert.equal(await spray(40, '203.0.113.1'), 30);

    assert.equal(await spray(20, '2001:db8:1:2::1'), 20);
    assert.equal(await spray(20, '2001:db8:1:2:ffff::9'), 10);
    let inSite = 30;
    for (let net = 3; net < 12; net++) inSite += await spray(40, `2001:db8:1:${net}::1`);
    assert.equal(inSite, 240);
    assert.equal(await spray(1, '2001:db8:2::1'), 1);
  });

  test('a known device is neither refused nor counted', async () => {
    await using node = await openLimited();
    const { deviceToken } = await node.auth.register({ username: 'jane', password: PASSWORD });
    const office = '203.0.113.1';
    for (let n = 0; n < 40; n++) await guess(node, `u${n}`, from(office));
    const login = { username: 'jane', password: PASSWORD };
    const { policy } = await refusalOf(node.auth.login(login, from(office)));
    assert.equal(policy, 'address');
    await node.login(login, from(office, deviceToken));
    const elsewhere = from('203.0.113.9', deviceToken);
    for (let n = 0; n < 9; n++) await guess(node, 'jane', elsewhere);
    assert.equal(
      await guessTimes(node, 35, 'x', () => from('203.0.113.9')),
      10,
      'only the bucket of the name is closed',
    );
  });

  test('many sign-ins at the same moment from one network wait for a second, not for minutes', async () => {
    await using node = await openLimited();
    for (let n = 0; n < 40; n++) {
      await node.auth.createAccount({ username: `user${n}`, password: PASSWORD });
    }
    const { verify } = node.hasher;
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    node.hasher.verify = async (...args) => {
      await opened;
      return verify.apply(node.hasher, args);
    };
    const login = (n: number) =>
      node.auth.login({ username: `user${n}`, password: PASSWORD }, from('203.0.113.1'));
    const admitted = Array.from({ length: 30 }, (_, n) => login(n));
    const { policy, retryAfter } = await refusalOf(login(30));
    assert.deepEqual([policy, retryAfter], ['address', 1]);
    open();
    await Promise.all(admitted);
    await login(30);
  });

  test('private addresses are counted only where an option says so', async () => {
    for (const privateAddresses of [false, true]) {
      await using node = await openTestAuth({ limits: { privateAddresses } });
      let tried = 0;
      for (let n = 0; n < 40; n++) {
        if ((await guess(node, `u${n}`, from('192.168.1.4'))) === 'tried') tried++;
      }
      assert.equal(tried, privateAddresses ? 30 : 40);
    }
    for (const address of ['127.0.0.1', '::1', '10.1.2.3', '172.31.0.1', '100.64.0.1', 'fd00::1']) {
      assert.ok(isPrivateAddress(address), address);
    }
    for (const address of ['172.32.0.1', '203.0.113.1', '2001:db8::1', '::2']) {
      assert.ok(!isPrivateAddress(address), address);
    }
    const networks = { address: '2001:db8:0:0::/64', site: '2001:db8:0::/48' };
    assert.deepEqual(findNetworks('2001:db8::5'), networks);
    assert.equal(findNetworks('unknown'), undefined);
  });

  test('60 accounts an hour can be created from one', async () => {
    await using node = await openLimited();
    const create = (n: number, address = '203.0.113.1') =>
      node.auth.createAccount({ username: `user${n}`, password: PASSWORD }, from(address));
    for (let n = 0; n < 59; n++) await create(n);
    await assert.rejects(create(0), { code: 'username_taken' });
    const refused = await refusalOf(create(60));
    assert.deepEqual([refused.policy, refused.retryAfter], ['registrations', 3600]);
    await create(61, '203.0.113.2');
    // The host's own code has no address.
    await node.auth.createAccount({ username: 'own', password: PASSWORD });
    node.clock.step(3600);
    await create(62);
  });
});

suite('within a session', () => {
  test('guesses of the current password have a limit of the session', async () => {
    await using node = await openLimited();
    const login = { username: 'jane', password: PASSWORD };
    const { session: stolen } = await node.auth.register(login);
    const own = await node.login(login, from('198.51.100.7'));
    const change = (sessionId: string, current: string) =>
      node.auth.changePassword(
        { sub: stolen.userId, sid: sessionId },
        { current_password: current, new_password: 'another battery staple' },
        from('203.0.113.5'),
      );
    for (let n = 0; n < 10; n++) {
      await assert.rejects(change(stolen.id, 'wrong guess'), CredentialsRefused);
    }
    const { policy, retryAfter } = await refusalOf(change(stolen.id, PASSWORD));
    assert.deepEqual([policy, retryAfter], ['account', 1]);
    // The owner can change the password, which ends the thief's session.
    await change(own.session.id, PASSWORD);
  });
});

suite('operators', () => {
  test('see the names that wait, and end the wait', async () => {
    await using node = await openLimited();
    const { auth, store } = node;
    const { user } = await auth.register({
      username: 'jane',
      email: 'jane@example.com',
      password: PASSWORD,
    });
    for (const name of ['jane', 'jane@example.com', 'nobody']) {
      await guessTimes(node, 12, name, (n) => from(addressOf(n)));
    }
    const { throttled, nextCursor } = await auth.throttling.list();
    assert.equal(nextCursor, null);
    assert.deepEqual(throttled.map((it) => it.user?.username ?? null).sort(), [
      'jane',
      'jane',
      null,
    ]);
    assert.deepEqual(new Set(throttled.map((it) => it.failures)), new Set([10]));

    const caller = operatorCaller('root');
    assert.equal(await auth.users.unthrottle(user.id, caller), true);
    assert.equal(await auth.users.unthrottle(user.id, caller), false);
    const login = { username: 'jane', password: PASSWORD };
    await node.login(login, from('198.51.100.7'));
    const [{ id = '' } = {}] = (await auth.throttling.list()).throttled;
    await auth.throttling.release(id, caller);
    await assert.rejects(auth.throttling.release(id, caller), { code: 'not_found' });
    assert.deepEqual((await auth.throttling.list()).throttled, []);
    const events = (await latestEvents(store, null, 99)).filter(
      (it) => it.type === 'user_unthrottled',
    );
    assert.deepEqual(new Set(events.map((it) => it.subject.id)), new Set([user.id, null]));
  });

  test('read in one event how many attempts were refused', async () => {
    await using node = await openLimited();
    const { user } = await node.auth.register({ username: 'jane', password: PASSWORD });
    await guessTimes(node, 50, 'jane', (n) => from(addressOf(n)));
    await guessTimes(node, 50, 'nobody', (n) => from(addressOf(n)));
    const refused = async () =>
      (await latestEvents(node.store, null, 99)).filter((it) => it.type === 'attempts_refused');
    await node.auth.maintain();
    assert.deepEqual(await refused(), []);
    node.clock.step(900);
    await node.auth.maintain();
    await node.auth.maintain();
    const [event, ...more] = await refused();
    assert.deepEqual(more, []);
    assert.deepEqual(event?.subject, { kind: 'user', id: user.id });
    assert.deepEqual(event?.changes, { count: 40 });
  });

  test('a deleted user leaves nothing in the table, and the table names nobody', async () => {
    await using node = await openLimited();
    const { user } = await node.auth.register({ username: 'jane', password: PASSWORD });
    await guessTimes(node, 12, 'jane', () => from('203.0.113.1'));
    const now = node.clock.now();
    const list = () =>
      node.store.listClosedBuckets({ kind: 'identifier', now, after: null, limit: 9 });
    const [bucket, ...others] = await list();
    assert.deepEqual(others, []);
    const text = JSON.stringify(bucket);
    for (const name of ['jane', '203.0.113.1', user.id]) assert.ok(!text.includes(name), name);
    await node.auth.users.delete(user.id);
    assert.deepEqual(await list(), []);
  });

  test('can switch the limits off', async () => {
    await using node = await openTestAuth({ limits: false });
    const { deviceToken } = await node.auth.register({ username: 'jane', password: PASSWORD });
    assert.equal(deviceToken, undefined);
    assert.equal(await guessTimes(node, 100, 'jane', () => from('203.0.113.1')), 100);
  });

  test('a database that is away refuses the attempt and hashes nothing', async () => {
    await using node = await openLimited();
    node.store.takePlaces = async () => {
      throw new StoreUnavailable('Away.');
    };
    await assert.rejects(
      node.auth.login({ username: 'jane', password: PASSWORD }),
      StoreUnavailable,
    );
    assert.equal(node.hasher.verified, 0);
  });
});

test('after a hundred failures a second proof is needed, where there is one', () => {
  const places = {
    onSuccess: undefined,
    forget() {},
    async succeed() {},
    async fail() {},
    async withdraw() {},
    end() {},
  };
  const needs = (isKnownDevice: boolean, failuresBefore: number, proofs: readonly string[]) =>
    needsSecondProof(new Attempt({ isKnownDevice, failuresBefore }, places), proofs);
  assert.equal(needs(false, 100, ['totp']), true);
  assert.equal(needs(false, 99, ['totp']), false);
  assert.equal(needs(true, 100, ['totp']), false);
  assert.equal(needs(false, 100, []), false);
});

suite('an hour of an attack', () => {
  const guesses = repetitionsOf('TEST_GUESSES');
  const addresses = Math.max(10, guesses / 100);

  test(`${guesses} guesses at one account try at most 40, and its owner never waits`, async (t) => {
    await using node = await openLimited();
    const { deviceToken } = await node.auth.register({ username: 'jane', password: PASSWORD });
    const owner = from('198.51.100.7', deviceToken);
    const start = node.clock.ms;
    let tried = 0;
    for (let n = 0; n < guesses; n++) {
      if ((await guess(node, 'jane', from(addressOf(n % addresses)))) === 'tried') tried++;
      if (n % (guesses / 100) === 0) {
        await node.login({ username: 'jane', password: PASSWORD }, owner);
      }
      node.clock.ms = start + Math.floor(((n + 1) * 3_600_000) / guesses);
    }
    t.diagnostic(`${tried} of ${guesses} guesses were tried`);
    assert.ok(tried >= 20 && tried <= 40, `${tried} were tried`);
  });

  test(`one password sprayed over ${guesses} accounts is tried 30 times from each of ${addresses} addresses`, async (t) => {
    await using node = await openLimited();
    const start = node.clock.ms;
    let tried = 0;
    for (let n = 0; n < guesses; n++) {
      if ((await guess(node, `user${n}`, from(addressOf(n % addresses)))) === 'tried') tried++;
      // All of them within ten minutes: more slowly, an address could try 30 again.
      node.clock.ms = start + Math.floor(((n + 1) * 599_000) / guesses);
    }
    t.diagnostic(`${tried} of ${guesses} accounts were tried`);
    assert.equal(tried, Math.min(guesses, addresses * 30));
  });
});
