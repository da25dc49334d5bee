import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  createGuard,
  type GuardNotReady,
  type GuardStatus,
  type IssuerGuardOptions,
} from 'latchkey/guard';
import { KeyExpectation } from '../../src/guard/verify/key-expectation.ts';
import { createSigner } from '../../src/jwt/jws.ts';
import { generateSigningKey } from '../../src/jwt/keys/import-keys.ts';
import { toJwks } from '../../src/jwt/keys/jwk.ts';
import type { SigningKey } from '../../src/jwt/keys/key-types.ts';
import { TestClock } from '../support/auth.ts';
import { encode, signSegments } from '../support/tokens.ts';
import { listen } from './adapters/listen.ts';
import { type FakeIssuer, JWKS, METADATA, startFakeIssuer } from './fake-issuer.ts';

const NOT_READY = { code: 'guard_not_ready' };

async function setUp(t: TestContext, options: Partial<IssuerGuardOptions> = {}) {
  const key = generateSigningKey('ES256');
  const issuer = await startFakeIssuer(key);
  t.after(() => issuer.close());
  const clock = new TestClock(Date.now());
  const start = (more: Partial<IssuerGuardOptions> = {}) => {
    const guard = createGuard({
      issuer: issuer.url,
      clock,
      retryDelay: 0.02,
      ...options,
      ...more,
    });
    t.after(() => guard.close());
    return guard;
  };
  return { key, issuer, clock, start, sign: (by = key) => signFor(issuer, clock, by) };
}

function signFor(issuer: FakeIssuer, clock: TestClock, key: SigningKey, typ = 'at+jwt'): string {
  const now = Math.floor(clock.now() / 1000);
  return createSigner(
    key,
    typ,
  )({
    iss: issuer.url,
    sub: 'alice',
    aud: issuer.url,
    client_id: 'latchkey',
    iat: now,
    exp: now + 900,
    jti: 'token',
    sid: 'session',
    auth_time: now,
  });
}

const ask = (token: string) => ({ headers: { authorization: `Bearer ${token}` }, method: 'GET' });

/** The error of the last attempt, once one failed. */
function nextFailure(start: (onStatus: (status: GuardStatus) => void) => unknown): Promise<string> {
  return new Promise((resolve) => {
    start(({ keys }) => {
      if (keys.error !== undefined) resolve(keys.error);
    });
  });
}

test('a guard needs only the issuer: it finds the keys by the metadata, and then verifies tokens by itself', async (t) => {
  const { issuer, start, sign, key } = await setUp(t);
  const guard = start();
  await guard.ready();
  for (let time = 0; time < 100; time++) assert.equal(guard.verify(sign()).sub, 'alice');
  assert.deepEqual(issuer.asked, [METADATA, JWKS]);
  const { ready, keys } = guard.status();
  assert.ok(ready);
  assert.deepEqual(keys.kids, [key.kid]);
  assert.equal(keys.error, undefined);
});

test('the first request waits for the first fetch', async (t) => {
  const { start, sign } = await setUp(t);
  const guard = start();
  assert.throws(() => guard.verify(sign()), NOT_READY);
  assert.equal((await guard.authenticate(ask(sign()))).sub, 'alice');
});

test('without metadata, the keys are fetched from where Latchkey has them', async (t) => {
  const { issuer, start, sign } = await setUp(t);
  issuer.intercept = ({ url }, response) => {
    if (url !== METADATA) return false;
    response.writeHead(404).end();
    return true;
  };
  const guard = start();
  await guard.ready();
  assert.equal(guard.verify(sign()).sub, 'alice');
});

test('while the issuer is unreachable the guard is not ready, and it recovers by itself', async (t) => {
  const { issuer, start, sign } = await setUp(t);
  issuer.intercept = (_request, response) => {
    response.destroy();
    return true;
  };
  let guard: ReturnType<typeof start> | undefined;
  await nextFailure((onStatus) => {
    guard = start({ onStatus });
  });
  assert.ok(guard);
  assert.equal(guard.status().ready, false);
  assert.throws(
    () => guard?.authenticate(ask(sign())),
    (error: GuardNotReady) => {
      assert.equal(error.code, 'guard_not_ready');
      assert.ok(error.retryAfter <= 30);
      return true;
    },
  );
  issuer.intercept = undefined;
  await guard.ready();
  assert.equal(guard.verify(sign()).sub, 'alice');
});

test('an issuer that becomes unreachable later does not stop the guard', async (t) => {
  const { issuer, start, sign } = await setUp(t, { cooldown: 0.02 });
  issuer.maxAge = 0;
  const failed = Promise.withResolvers<void>();
  const guard = start({
    onStatus: ({ keys }) => {
      if (keys.error !== undefined) failed.resolve();
    },
  });
  await guard.ready();
  await issuer.close();
  await failed.promise;
  assert.equal(guard.verify(sign()).sub, 'alice');
  assert.ok(guard.status().ready);
  assert.match(guard.status().keys.error ?? '', /cannot be reached/);
  await assert.rejects(async () => guard.authenticate(ask(sign(generateSigningKey('ES256')))), {
    code: 'token_untrusted',
  });
  assert.equal((await guard.authenticate(ask(sign()))).sub, 'alice');
});

test('keys are fetched again before they expire, and new ones are used', async (t) => {
  const { issuer, start, sign, key } = await setUp(t, { cooldown: 0.01 });
  issuer.maxAge = 1;
  const next = generateSigningKey('EdDSA');
  const statuses: GuardStatus[] = [];
  const changed = Promise.withResolvers<void>();
  const guard = start({
    onStatus(status) {
      statuses.push(status);
      if (status.keys.kids.includes(next.kid)) changed.resolve();
    },
  });
  await guard.ready();
  issuer.keys = [key, next];
  await changed.promise;
  assert.equal(guard.verify(sign(next)).sub, 'alice');
  assert.equal(guard.verify(sign()).sub, 'alice');
  assert.ok(statuses.length >= 2);
});

test('a token of a new key is accepted immediately, and one of a removed key is refused', async (t) => {
  const { issuer, start, sign, clock } = await setUp(t);
  const guard = start();
  await guard.ready();
  const next = generateSigningKey('ES256');
  const old = sign();
  assert.equal(guard.verify(old).sub, 'alice');
  issuer.keys = [next];
  clock.step(31);
  assert.equal((await guard.authenticate(ask(sign(next)))).sub, 'alice');
  assert.throws(() => guard.verify(old), { code: 'token_untrusted' });
});

test('10,000 tokens with unknown headers cause one fetch per cooldown', async (t) => {
  const { issuer, start, sign, clock, key } = await setUp(t);
  // On a busy machine a flood keeps this thread, and with it the issuer, from answering for seconds.
  const guard = start({ timeout: 60 });
  await guard.ready();
  const [, payload = '', signature = ''] = sign().split('.');
  const unknown = (n: number) =>
    `${encode({ alg: 'ES256', typ: 'at+jwt', kid: `k${n}` })}.${payload}.${signature}`;
  const fetches = () => issuer.asked.filter((path) => path === JWKS).length;
  const flood = async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 10_000 }, async (_, n) => guard.authenticate(ask(unknown(n)))),
    );
    for (const answer of answers) {
      assert.equal(answer.status === 'rejected' && answer.reason.code, 'token_untrusted');
    }
  };
  await flood();
  assert.equal(fetches(), 1, 'none within the cooldown after the first');
  clock.step(30);
  await flood();
  await flood();
  assert.equal(fetches(), 2);
  clock.step(30);
  await flood();
  assert.equal(fetches(), 3);
  assert.equal(guard.verify(sign(key)).sub, 'alice');
});

test('setting the clock neither stops nor causes fetches for unknown headers', async (t) => {
  const { issuer, start, sign, clock } = await setUp(t);
  const guard = start();
  await guard.ready();
  const unknown = generateSigningKey('ES256');
  const ask10 = async () => {
    for (let time = 0; time < 10; time++) {
      const check = async () => guard.authenticate(ask(sign(unknown)));
      await assert.rejects(check(), { code: 'token_untrusted' });
    }
    return issuer.asked.filter((path) => path === JWKS).length;
  };
  clock.set(-86_400);
  assert.equal(await ask10(), 1);
  clock.set(2 * 86_400);
  assert.equal(await ask10(), 1);
  clock.set(-86_400);
  clock.step(30);
  assert.equal(await ask10(), 2);
});

/** A guard with an open feed, and words for it; `stale` answers of the key set are those of before. */
async function setUpFeed(t: TestContext, stale: number) {
  const { issuer, start, sign, key } = await setUp(t);
  const feed = Promise.withResolvers<import('node:http').ServerResponse>();
  const next = generateSigningKey('ES256');
  let left = 0;
  let [fetches, uncached] = [0, 0];
  issuer.intercept = ({ url, headers }, response) => {
    if (url === '/auth/revocations') {
      response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
      response.write('event: snapshot\ndata: {}\n\nid: 0\nevent: live\ndata: {}\n\n');
      feed.resolve(response);
      return true;
    }
    if (url !== JWKS) return false;
    fetches++;
    if (headers['cache-control'] === 'no-cache') uncached++;
    if (left-- <= 0) return false;
    response.end(JSON.stringify(toJwks([key])));
    return true;
  };
  const guard = start({ revocations: { credential: 'lkg_x' } });
  await guard.ready();
  const response = await feed.promise;
  return {
    guard,
    key,
    next,
    sign,
    issuer,
    /** The issuer changes its keys, and announces it at a node, before other nodes know. */
    tell(...entries: readonly unknown[][]) {
      issuer.keys = [key, next];
      left = stale;
      [fetches, uncached] = [0, 0];
      response.write(`event: revoked\ndata: ${JSON.stringify(entries)}\n\n`);
    },
    count: () => ({ fetches, uncached }),
  };
}

for (const [name, entries] of [
  ['that names the new key', (next) => [[1, 'n', next, 9e15]]],
  ['of an older server, without names', () => [[1, 'n', '', 9e15]]],
  ['of a revoked key alone', (_, key) => [[1, 'k', key, 9e15]]],
  [
    'of a revoked key and its successor',
    (next, key) => [
      [1, 'k', key, 9e15],
      [2, 'n', `${key} ${next}`, 9e15],
    ],
  ],
] as [string, (next: string, key: string) => unknown[][]][]) {
  test(`after news ${name} it fetches until it has the new keys, regardless of the cooldown`, async (t) => {
    const { guard, tell, next, key, sign, count } = await setUpFeed(t, 3);
    tell(...entries(next.kid, key.kid));
    while (count().fetches === 0) await new Promise(setImmediate);
    // Every token of the new key gets through, those that come before it is known too.
    const users = await Promise.all([1, 2, 3].map(() => guard.authenticate(ask(sign(next)))));
    assert.ok(users.every(({ sub }) => sub === 'alice'));
    assert.deepEqual(count(), { fetches: 4, uncached: 4 });
    // And then the cooldown is in force again.
    const unknown = async () => guard.authenticate(ask(sign(generateSigningKey('ES256'))));
    await assert.rejects(unknown(), { code: 'token_untrusted' });
    assert.equal(count().fetches, 4);
    if (entries(next.kid, key.kid)[0]?.[1] !== 'k') return;
    assert.throws(() => guard.verify(sign(key)), { code: 'token_untrusted' });
  });
}

test('a key is refused as soon as its revocation is known, whatever the key set contains', async (t) => {
  const { guard, tell, key, sign, count } = await setUpFeed(t, Number.POSITIVE_INFINITY);
  guard.verify(sign(key));
  tell([1, 'k', key.kid, 9e15]);
  while (count().fetches === 0) await new Promise(setImmediate);
  assert.throws(() => guard.verify(sign(key)), { code: 'token_untrusted' });
});

test('news of keys that the guard already has causes one fetch', async (t) => {
  const { guard, tell, key, sign, count, issuer } = await setUpFeed(t, 1);
  const changed = issuer.nextRequest(JWKS);
  tell([1, 'n', key.kid, 9e15]);
  await changed;
  await setTimeout(150);
  assert.equal(count().fetches, 1);
  guard.verify(sign(key));
});

test('keys that never come are fetched a few times, and requests wait for three seconds at most', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const expectation = new KeyExpectation(['old'], undefined);
  let isSettled = false;
  void expectation.settled.then(() => {
    isSettled = true;
  });
  t.mock.timers.tick(2_999);
  await Promise.resolve();
  assert.equal(isSettled, false);
  t.mock.timers.tick(1);
  await Promise.resolve();
  assert.equal(isSettled, true);
  const delays: number[] = [];
  for (
    let delay = expectation.nextDelayMs();
    delay !== undefined;
    delay = expectation.nextDelayMs()
  ) {
    delays.push(delay);
  }
  assert.equal(delays.length, 8);
  const total = delays.reduce((sum, delay) => sum + delay, 0);
  assert.ok(total > 20_000 && total <= 30_000, `${total} ms`);
  assert.equal(expectation.isMetBy(['old']), false);
  assert.equal(expectation.isMetBy([]), false);
  assert.equal(expectation.isMetBy(['old', 'new']), true);
  expectation.add(['a', 'b']);
  assert.equal(expectation.nextDelayMs(), 100, 'further news begins from the start');
  assert.equal(expectation.isMetBy(['new', 'a']), false);
  assert.equal(expectation.isMetBy(['a', 'b']), true);
  expectation.end();
});

test('nothing in a token makes the guard connect anywhere', async (t) => {
  let connections = 0;
  const trap = createServer((_request, response) => response.end('{"keys":[]}'));
  trap.on('connection', () => {
    connections++;
  });
  const { url, close } = await listen(trap);
  t.after(close);
  const { issuer, start, sign, clock } = await setUp(t);
  const guard = start();
  await guard.ready();
  const asked = issuer.asked.length;
  const own = generateSigningKey('ES256');
  const jwk = own.publicKey.export({ format: 'jwk' });
  const [, payload = ''] = sign().split('.');
  for (const members of [
    { jku: `${url}/keys` },
    { x5u: `${url}/cert` },
    { jwk },
    { jku: `${url}/keys`, kid: own.kid },
    { iss: url },
    { kid: `${url}/keys` },
  ]) {
    const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: own.kid, ...members });
    const token = signSegments(own, header, payload);
    await assert.rejects(async () => guard.authenticate(ask(token)), { code: 'token_untrusted' });
    assert.throws(() => guard.verify(token), { code: 'token_untrusted' });
  }
  const elsewhere = signFor({ ...issuer, url }, clock, own);
  await assert.rejects(async () => guard.authenticate(ask(elsewhere)), {
    code: 'token_untrusted',
  });
  assert.equal(connections, 0);
  assert.equal(issuer.asked.length, asked);
});

for (const [name, intercept, expected] of [
  [
    'a redirect',
    (response, url) => response.writeHead(302, { location: `${url}/x` }).end(),
    /redirects/,
  ],
  ['another status', (response) => response.writeHead(500).end('{}'), /status 500/],
  ['no JSON', (response) => response.end('<html>'), /strict JSON/],
  ['a member twice', (response) => response.end('{"keys":[],"keys":[]}'), /strict JSON/],
  ['no key set', (response) => response.end('[]'), /JWKS/],
  ['an empty key set', (response) => response.end('{"keys":[]}'), /no key at/],
  ['an answer without end', (response) => response.write('['.repeat(300_000)), /more than 262144/],
  ['no answer', () => undefined, /did not answer within 0.2 s/],
  ['an answer that stalls', (response) => response.write('{'), /did not answer within 0.2 s/],
] as [string, (response: import('node:http').ServerResponse, url: string) => unknown, RegExp][]) {
  test(`keys that come by ${name} are refused`, async (t) => {
    const { issuer, start } = await setUp(t, { timeout: 0.2 });
    issuer.intercept = ({ url }, response) => {
      if (url !== JWKS) return false;
      intercept(response, issuer.url);
      return true;
    };
    const error = await nextFailure((onStatus) => start({ onStatus }));
    assert.match(error, expected);
    assert.ok(!issuer.asked.includes('/x'), 'the redirect was followed');
  });
}

for (const [name, change] of Object.entries({
  'names no algorithm': { alg: undefined },
  'names an algorithm of another kind': { alg: 'RS256' },
  'names an HMAC algorithm': { alg: 'HS256' },
  'is a secret': { kty: 'oct', k: 'A'.repeat(64), alg: 'HS256' },
  'is for encryption': { use: 'enc' },
  'is off its curve': { x: 'A'.repeat(43) },
})) {
  test(`a published key that ${name} is not used, and the others are`, async (t) => {
    const { issuer, start, sign, key } = await setUp(t);
    const bad = generateSigningKey('ES256');
    const toJwk = ({ kid, publicKey }: SigningKey) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg: 'ES256',
      use: 'sig',
    });
    issuer.intercept = ({ url }, response) => {
      if (url !== JWKS) return false;
      response.end(JSON.stringify({ keys: [{ ...toJwk(bad), ...change }, toJwk(key)] }));
      return true;
    };
    const guard = start();
    await guard.ready();
    assert.deepEqual(guard.status().keys.kids, [key.kid]);
    assert.equal(guard.verify(sign()).sub, 'alice');
    assert.throws(() => guard.verify(sign(bad)), { code: 'token_untrusted' });
  });
}

test('a key set of 64 keys is used, and a longer one is refused', async (t) => {
  const { issuer, start, sign, key } = await setUp(t);
  const others = Array.from({ length: 64 }, () => generateSigningKey('ES256'));
  let published = toJwks([key, ...others.slice(1)]);
  issuer.intercept = ({ url }, response) => {
    if (url !== JWKS) return false;
    response.end(JSON.stringify(published));
    return true;
  };
  const guard = start();
  await guard.ready();
  assert.equal(guard.status().keys.kids.length, 64);
  assert.equal(guard.verify(sign()).sub, 'alice');
  published = toJwks([key, ...others]);
  assert.match(await nextFailure((onStatus) => start({ onStatus })), /at most 64 keys/);
});

test('a published private key is not used, as everyone could sign with it', async (t) => {
  const { issuer, start, sign, key } = await setUp(t);
  const bad = generateSigningKey('ES256');
  issuer.intercept = ({ url }, response) => {
    if (url !== JWKS) return false;
    const [jwk] = toJwks([key]).keys;
    const published = { ...bad.privateKey.export({ format: 'jwk' }), kid: bad.kid, alg: 'ES256' };
    response.end(JSON.stringify({ keys: [published, jwk] }));
    return true;
  };
  const guard = start();
  await guard.ready();
  assert.deepEqual(guard.status().keys.kids, [key.kid]);
  assert.equal(guard.verify(sign()).sub, 'alice');
});

test('metadata of another issuer is refused', async (t) => {
  const { issuer, start } = await setUp(t);
  issuer.intercept = ({ url }, response) => {
    if (url !== METADATA) return false;
    response.end(JSON.stringify({ issuer: 'https://auth.example', jwks_uri: issuer.url + JWKS }));
    return true;
  };
  assert.match(await nextFailure((onStatus) => start({ onStatus })), /another issuer/);
  assert.ok(!issuer.asked.includes(JWKS));
});

test('metadata that names an http address of another machine is refused', async (t) => {
  const { issuer, start } = await setUp(t);
  issuer.intercept = ({ url }, response) => {
    if (url !== METADATA) return false;
    response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: 'http://keys.example/jwks' }));
    return true;
  };
  assert.match(await nextFailure((onStatus) => start({ onStatus })), /not https/);
});

test('an http issuer is refused unless it is this machine, or http is allowed', async () => {
  const fetch = async () => new Response('{}', { status: 500 });
  for (const issuer of ['http://auth.example', 'http://127.0.0.1.example', 'ftp://x', 'auth', '']) {
    assert.throws(() => createGuard({ issuer, fetch }), {
      code: 'invalid_setting',
      setting: 'issuer',
    });
  }
  for (const issuer of ['http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1']) {
    createGuard({ issuer, fetch }).close();
  }
  createGuard({ issuer: 'http://auth.example', fetch, allowHttp: true }).close();
  assert.throws(() => createGuard({ issuer: 'https://user:pass@auth.example', fetch }), {
    setting: 'issuer',
  });
});

test('keys from a variable that is not set do not make the guard fetch keys', () => {
  const keys = process.env['NO_SUCH_VARIABLE_OF_THIS_TEST'];
  assert.throws(() => createGuard({ issuer: 'https://auth.example', keys } as never), {
    code: 'invalid_setting',
    setting: 'keys',
  });
});

test('a closed guard fetches no longer, and rejects those who wait for it', async (t) => {
  const { issuer, start } = await setUp(t);
  issuer.intercept = () => true;
  const guard = start();
  const waiting = assert.rejects(guard.ready(), NOT_READY);
  guard.close();
  guard.close();
  await waiting;
  await assert.rejects(guard.ready(), NOT_READY);
});
