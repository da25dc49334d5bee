import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  PASSWORD,
  readDevice,
  startHost,
  startServer,
  type TestServer,
} from '../support/server.ts';

const WRONG = 'a wrong guess';

async function exhaust(server: TestServer, username: string): Promise<void> {
  for (let n = 0; n < 10; n++) assert.equal((await server.login(username, WRONG)).status, 401);
}

suite('after too many failures', () => {
  test('every route answers 429, and says when the next attempt is admitted', async () => {
    const server = await startServer();
    await server.register('jane');
    const before = await server.login('jane', WRONG);
    assert.equal(before.headers.get('ratelimit'), null);
    for (let n = 0; n < 9; n++) await server.login('jane', WRONG);

    const refused = await server.login('jane');
    assert.equal(refused.status, 429);
    assert.deepEqual(refused.body, {
      type: 'about:blank',
      title: 'Too Many Requests',
      status: 429,
      detail: 'Too many attempts for this account failed. Try again in 1 second.',
      code: 'too_many_attempts',
    });
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(refused.headers.get('ratelimit'), '"account";r=0;t=1');
    assert.equal(refused.headers.get('set-cookie'), null);

    const form = { grant_type: 'password', username: 'jane', password: PASSWORD };
    const oauth = await server.send('/auth/token', { form });
    assert.equal(oauth.status, 429);
    assert.deepEqual(oauth.body, {
      error: 'temporarily_unavailable',
      error_description: 'Too many attempts for this account failed. Try again in 1 second.',
    });
    assert.equal(oauth.headers.get('retry-after'), '1');
    assert.equal(oauth.headers.get('ratelimit'), '"account";r=0;t=1');

    // A known and an unknown name are refused alike.
    await exhaust(server, 'nobody');
    const unknown = await server.login('nobody');
    assert.deepEqual([unknown.status, unknown.text], [refused.status, refused.text]);
    assert.deepEqual([...unknown.headers.keys()], [...refused.headers.keys()]);
  });

  test('a changed password is refused within its session', async () => {
    const server = await startServer();
    const { access_token: token } = (await server.register('jane')).body;
    const change = (current: string) =>
      server.send('/auth/password', {
        token,
        json: { current_password: current, new_password: 'another battery staple' },
      });
    for (let n = 0; n < 10; n++) assert.equal((await change(WRONG)).status, 401);
    const refused = await change(PASSWORD);
    assert.deepEqual([refused.status, refused.body['code']], [429, 'too_many_attempts']);
  });
});

suite('the cookie of a device', () => {
  test('is set at every sign-in, whatever carries its tokens, and nowhere else', async () => {
    const server = await startServer();
    const form = { grant_type: 'password', username: 'jane', password: PASSWORD };
    const json = { username: 'jane', password: PASSWORD };
    const registered = await server.register('jane');
    const token = registered.body['access_token'];
    const changed = 'another battery staple';
    const signIns = {
      register: registered,
      login: await server.login('jane'),
      cookie: await server.send('/auth/login?transport=cookie', { json }),
      form: await server.send('/auth/login', { form }),
      token: await server.send('/auth/token', { form }),
      password: await server.send('/auth/password', {
        token,
        json: { current_password: PASSWORD, new_password: changed },
      }),
    };
    for (const [name, answer] of Object.entries(signIns)) {
      assert.ok(answer.status < 300, name);
      const device = readDevice(answer);
      assert.equal(device?.name, '__Host-latchkey_device', name);
      assert.match(device?.value ?? '', /^1(\.[\w-]{22}){2}$/, name);
      assert.deepEqual(
        device?.attributes.sort(),
        ['HttpOnly', 'Max-Age=34560000', 'Path=/', 'SameSite=Lax', 'Secure'],
        name,
      );
    }
    const others = [
      await server.login('jane', WRONG),
      await server.send('/auth/refresh', {
        json: { refresh_token: signIns.password.body['refresh_token'] },
      }),
    ];
    for (const answer of others) assert.deepEqual(answer.headers.getSetCookie(), []);
  });

  test('lets its user sign in while a stranger guesses, and two of them count as none', async () => {
    const server = await startServer();
    const { value = '' } = readDevice(await server.register('jane')) ?? {};
    await exhaust(server, 'jane');
    const json = { username: 'jane', password: PASSWORD };
    const send = (cookie: string) =>
      server.send('/auth/login', { json, headers: { cookie } }).then((it) => it.status);
    const device = `__Host-latchkey_device=${value}`;
    assert.equal(await send(device), 200);
    assert.equal(await send(`${device}; __Host-latchkey_device=1`), 429);
    assert.equal(await send(`latchkey_device=${value}`), 429);
  });

  test('is not set where the limits are off', async () => {
    const server = await startServer({ limits: false });
    assert.deepEqual((await server.register('jane')).headers.getSetCookie(), []);
    for (let n = 0; n < 15; n++) assert.equal((await server.login('jane', WRONG)).status, 401);
  });
});

suite('the address of a client', () => {
  const forge = (n: number) => {
    const address = `203.0.113.${n}`;
    return {
      'x-forwarded-for': address,
      forwarded: `for=${address}`,
      'x-real-ip': address,
      'true-client-ip': address,
      'cf-connecting-ip': address,
    };
  };

  async function countTried(server: TestServer, count: number): Promise<number> {
    let tried = 0;
    for (let n = 0; n < count; n++) {
      const json = { username: `user${n}`, password: WRONG };
      const { status } = await server.send('/auth/login', { json, headers: forge(n) });
      if (status === 401) tried++;
      else assert.equal(status, 429);
    }
    return tried;
  }

  test('is that of the connection, whatever headers say, unless a proxy is named', async () => {
    const limits = { privateAddresses: true };
    const server = await startServer({ limits });
    let tried = 0;
    for (let n = 0; n < 60; n++) {
      const json = { username: 'jane', password: WRONG };
      const { status } = await server.send('/auth/login', { json, headers: forge(n) });
      if (status === 401) tried++;
    }
    assert.equal(tried, 10, 'at one name, as without forged headers');
    assert.equal(await countTried(await startServer({ limits }), 40), 30);
    const trusting = await startServer({ limits, trustProxy: '127.0.0.1' });
    assert.equal(await countTried(trusting, 40), 40);
  });

  test('limits registrations, too', async () => {
    const server = await startServer({ trustProxy: '127.0.0.1' });
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const register = (n: number) =>
      server.send('/auth/register', {
        json: { username: `user${n}`, password: PASSWORD },
        headers,
      });
    for (let n = 0; n < 60; n++) assert.equal((await register(n)).status, 201);
    const refused = await register(60);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('ratelimit'), '"registrations";r=0;t=3600');
  });

  test('is in the log once if nearly all requests come from one private address', async () => {
    for (const [changes, expected] of [
      [{}, 1],
      [{ trustProxy: '10.0.0.1' }, 0],
      [{ issuer: 'http://127.0.0.1:8000' }, 0],
    ] as const) {
      const warnings: string[] = [];
      const stream = { write: (line: string) => warnings.push(line) };
      const server = await startHost(changes, () => {}, { logger: { level: 'warn', stream } });
      for (let n = 0; n < 2_100; n++) await server.app.inject('/auth/me');
      const ours = warnings.filter((it) => it.includes('LATCHKEY_TRUST_PROXY=127.0.0.1'));
      assert.equal(ours.length, expected, warnings.join('\n'));
      await server.close();
    }
  });
});

test('an administrator sees the names that wait, and ends the wait', async () => {
  const server = await startServer();
  const { users } = server.app.latchkey;
  await users.create({ username: 'root', password: PASSWORD, roles: ['admin'] });
  await server.register('jane');
  for (const name of ['jane', 'nobody']) await exhaust(server, name);
  const { access_token: token } = (await server.login('root')).body;
  const list = () => server.send('/auth/admin/throttled', { token });
  const { throttled, next_cursor: next } = (await list()).body;
  assert.equal(next, null);
  const jane = throttled.find((it: { user: object | null }) => it.user !== null);
  assert.equal(jane.user.username, 'jane');
  assert.deepEqual(
    throttled.map((it: { failures: number }) => it.failures),
    [10, 10],
  );
  const path = `/auth/admin/throttled/${jane.id}`;
  const remove = () => server.send(path, { method: 'DELETE', token });
  assert.deepEqual([(await remove()).status, (await remove()).status], [204, 404]);
  assert.equal((await server.login('jane')).status, 200);
  assert.equal((await list()).body['throttled'].length, 1);
});
