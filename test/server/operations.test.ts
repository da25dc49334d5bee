import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import {
  type AppOptions,
  createApp,
  type LatchkeyPluginOptions,
  requireTokens,
} from 'latchkey/server';
import { assertProblem, MARKER } from '../support/refusals.ts';
import {
  internalsOf,
  PASSWORD,
  sendBytes,
  sendTo,
  startHost,
  startServer,
  testOptions,
} from '../support/server.ts';

const server = await startServer();
const { send, port } = server;

suite('health', () => {
  test('is live and ready', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await send(path);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, { status: 'ok' });
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal((await send(path, { method: 'HEAD' })).status, 200);
    }
  });

  test('is live and not ready without its database, while tokens are still verified', async () => {
    const other = await startServer();
    const { body } = await other.register('jane');
    const token = body['access_token'];
    await internalsOf(other.app).close();
    assert.equal((await other.send('/healthz')).status, 200);
    assert.equal((await other.send('/auth/verify', { token })).status, 200);
    const json = { username: 'jane', password: PASSWORD };
    for (const answer of [
      await other.send('/readyz'),
      await other.send('/auth/me', { token }),
      await other.send('/auth/login', { json }),
      await other.send('/auth/refresh', { json: { refresh_token: body['refresh_token'] } }),
      await other.send('/auth/logout', { method: 'POST', token }),
    ]) {
      assertProblem(answer, 503);
      assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    }
    const form = { grant_type: 'password', ...json };
    const oauth = await other.send('/auth/token', { form });
    assert.equal(oauth.status, 503);
    assert.equal(oauth.body['error'], 'temporarily_unavailable');
    assert.match(oauth.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    await other.close();
  });
});

suite('methods', () => {
  test('that an address does not have are refused with those it has', async () => {
    for (const [method, path, allow] of [
      ['GET', '/auth/login', 'POST'],
      ['PUT', '/auth/register', 'POST'],
      ['POST', '/auth/me', 'GET, HEAD, PATCH, DELETE'],
      ['DELETE', '/auth/sessions?x=1', 'GET, HEAD'],
      ['OPTIONS', '/auth/me', 'GET, HEAD, PATCH, DELETE'],
    ] as const) {
      const answer = await send(path, { method });
      assertProblem(answer, 405, `${method} ${path}`);
      assert.equal(answer.headers.get('allow'), allow);
    }
    for (const method of ['TRACE', 'PROPFIND', 'LOCK', 'QUERY']) {
      const request = `${method} /auth/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
      assert.match(await sendBytes(port, request), /^HTTP\/1.1 4\d\d /, method);
    }
  });

  test('HEAD answers as GET does, without the body', async () => {
    const { body } = await server.register('head');
    const token = body['access_token'];
    const get = await send('/auth/me', { token });
    const head = await send('/auth/me', { token, method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.equal(head.headers.get('content-length'), get.headers.get('content-length'));
    assert.equal((await send('/auth/me', { method: 'HEAD' })).status, 401);
  });
});

suite('addresses', () => {
  test('where nothing is are answered in one form, and never shown back', async () => {
    for (const path of [
      `/${MARKER}`,
      `/auth/me/${MARKER}`,
      '/AUTH/ME',
      '/auth//me',
      '/auth/me/',
      '/../etc/passwd',
      '/docs/static/../../package.json',
      '/docs/static/%2e%2e/%2e%2e/package.json',
      '/.env',
      '/data/latchkey.db',
    ]) {
      const answer = await send(path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.text.includes(MARKER), false);
    }
    assertProblem(await send(`/${MARKER}`), 404);
  });

  test('that are none are refused', async () => {
    const { body } = await server.register('address');
    const token = body['access_token'];
    for (const id of ['%', '%zz', '%ff', '%c0%af', 'x'.repeat(5000)]) {
      const answer = await send(`/auth/sessions/${id}`, { method: 'DELETE', token });
      assert.ok(answer.status === 400 || answer.status === 404 || answer.status === 414, id);
      assertProblem(answer, answer.status, id);
    }
  });
});

suite('broken HTTP', () => {
  const line = 'GET /healthz HTTP/1.1\r\nHost: a\r\n';
  const broken: Record<string, [string | Buffer, number]> = {
    garbage: ['\0\u0001\u0002 garbage\r\n\r\n', 400],
    'a TLS handshake': [Buffer.from('160301020001000001fc0303', 'hex'), 400],
    'garbage after a good request': [`${line}\r\nGARBAGE ${MARKER}\r\n\r\n`, 400],
    'a bad version': ['GET / HTTP/9.9\r\nHost: a\r\n\r\n', 400],
    'a space in a header name': [`${line}X Y: 1\r\n\r\n`, 400],
    'a NUL in a header': [`${line}X: \0\r\n\r\n`, 400],
    'a folded header': [`${line}X: a\r\n b\r\n\r\n`, 400],
    'a very long header': [`${line}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    'very many headers': [`${line}${'X: y\r\n'.repeat(6000)}\r\n`, 431],
    'a very long address': [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    'a very long token': [`${line}Authorization: Bearer ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  };
  for (const [name, [bytes, status]] of Object.entries(broken)) {
    test(`such as ${name} is refused, and the server lives`, async () => {
      const answer = await sendBytes(port, bytes);
      const last = answer.slice(answer.lastIndexOf('HTTP/1.1'));
      assert.match(last, new RegExp(`^HTTP/1.1 ${status} `), answer.slice(0, 300));
      const document = JSON.parse(last.slice(last.indexOf('{')));
      assert.equal(document.status, status);
      assert.match(last, /application\/problem\+json/);
      assert.match(last, /^cache-control: no-store\r$/im);
      assert.equal(answer.includes(MARKER), false);
      assert.equal((await send('/healthz')).status, 200);
    });
  }

  test('destroys the connections of clients that neither go on nor hang up', {
    timeout: 30_000,
  }, async (t) => {
    const slow = await createApp({ ...testOptions(), logger: false });
    t.after(async () => {
      slow.server.closeAllConnections();
      await slow.close();
    });
    const { server: http } = slow;
    http.requestTimeout = http.headersTimeout = 200;
    // Read when the server begins to listen, and not declared.
    Object.assign(http, { connectionsCheckingInterval: 50 });
    await slow.listen({ host: '127.0.0.1', port: 0 });
    const address = http.address() as AddressInfo;
    const post = 'POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    const openings: Record<string, [bytes: string, drip: string, status: RegExp]> = {
      'nothing at first': ['\r\n', '\r\n', /^HTTP\/1\.1 408 /],
      'a request line': ['GET /', 'x', /^HTTP\/1\.1 408 /],
      headers: [line, 'X: y\r\n', /^HTTP\/1\.1 408 /],
      'half a header': [`${line}X: `, 'y', /^HTTP\/1\.1 408 /],
      'a body': [`${post}Content-Length: 1000\r\n\r\n{`, ' ', /^HTTP\/1\.1 408 /],
      'a chunked body': [
        `${post}Transfer-Encoding: chunked\r\n\r\n`,
        '1\r\n \r\n',
        /^HTTP\/1\.1 408 /,
      ],
      'a body it was asked for': [
        `${post}Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n`,
        ' ',
        /^HTTP\/1\.1 100 .*HTTP\/1\.1 408 /s,
      ],
      'a second request': [`${line}\r\nGET /`, 'x', /^HTTP\/1\.1 200 .*HTTP\/1\.1 408 /s],
      'an upgrade': [`${line}Upgrade: websocket\r\nConnection: Upgrade\r\n`, 'X: y\r\n', /408/],
      garbage: ['GARBAGE\r\n\r\n', 'GARBAGE\r\n\r\n', /^HTTP\/1\.1 400 /],
      'too long a header': [`${line}X: ${'x'.repeat(20_000)}`, 'x', /^HTTP\/1\.1 431 /],
    };
    const clients = Object.entries(openings).flatMap((opening) =>
      Array.from({ length: 10 }, () => opening),
    );
    const ended = clients.map(async ([name, [bytes, drip, status]]) => {
      // Such a client never closes its half.
      const socket = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
      let answer = '';
      socket.on('error', () => {});
      socket.setEncoding('latin1').on('data', (more: string) => {
        answer += more;
      });
      socket.write(bytes);
      const dripping = setInterval(() => socket.write(drip), 20);
      t.after(() => {
        clearInterval(dripping);
        socket.destroy();
      });
      // Not `once`, which takes the error for the end.
      await new Promise<void>((resolve) => socket.on('close', () => resolve()));
      assert.match(answer, status, name);
    });
    await Promise.all(ended);
    const count = promisify(http.getConnections.bind(http));
    assert.equal(await count(), 0);
  });

  test('never waits without end', () => {
    const { requestTimeout, headersTimeout, timeout } = server.app.server;
    for (const limit of [requestTimeout, headersTimeout, timeout]) {
      assert.ok(limit > 0 && limit <= 60_000, String(limit));
    }
    // Node.js swaps them otherwise, and gives a body the time of the headers.
    assert.ok(headersTimeout <= requestTimeout);
  });
});

suite('overload', () => {
  test('is answered with 503 and Retry-After, and nothing else breaks', async () => {
    const hashing = { memoryCost: 8192, timeCost: 4, threads: 1, maxQueue: 2 };
    const busy = await startServer({ hashing });
    const { body } = await busy.register('jane');
    const token = body['access_token'];
    const logins = Array.from({ length: 20 }, () => busy.login('jane'));
    const checks = Array.from({ length: 20 }, () => busy.send('/auth/me', { token }));
    const statuses = (await Promise.all(logins)).map((answer) => {
      if (answer.status === 503) {
        assertProblem(answer, 503);
        assert.equal(answer.body['code'], 'overloaded');
        assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      }
      return answer.status;
    });
    assert.ok(statuses.includes(200) && statuses.includes(503), String(statuses));
    for (const status of statuses) assert.ok(status === 200 || status === 503);
    for (const { status } of await Promise.all(checks)) assert.equal(status, 200);

    const wave = await Promise.all(
      Array.from({ length: 20 }, (_, at) => busy.register(`wave${at}`)),
    );
    const made = wave.filter(({ status }) => status === 201).length;
    const users = await busy.app.latchkey.users.list();
    assert.equal(users.length, made + 1);
    assert.equal((await busy.login('jane')).status, 200);
    await busy.close();
  });
});

suite('closing', () => {
  test('finishes the request under way, and takes no new one', { timeout: 20_000 }, async () => {
    const hashing = { memoryCost: 65_536, timeCost: 4, threads: 1 };
    const closing = await startServer({ hashing });
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    closing.app.server.once('request', () => resolve());
    const registering = closing.register('jane');
    await begun;
    await closing.close();
    const answer = await registering;
    assert.equal(answer.status, 201);
    await assert.rejects(closing.send('/healthz'));
  });

  test('serves a request that comes while it closes, and closes its connection', async () => {
    const hashing = { memoryCost: 65_536, timeCost: 4, threads: 1 };
    const closing = await startServer({ hashing });
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    closing.app.server.once('request', () => resolve());
    const body = JSON.stringify({ username: 'jane', password: PASSWORD });
    const socket = connect(closing.port, '127.0.0.1');
    socket.write(
      `POST /auth/register HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await begun;
    const closed = closing.close();
    // By now the closing server takes no new connections.
    while (closing.app.server.listening) await new Promise(setImmediate);
    socket.write('GET /auth/me HTTP/1.1\r\nHost: a\r\n\r\n');
    const answers = await text(socket);
    await closed;
    const [first = '', late = ''] = answers.split(/(?<=})(?=HTTP\/1\.1)/);
    assert.match(first, /^HTTP\/1\.1 201 /);
    assert.match(late, /^HTTP\/1\.1 401 /);
    assert.match(late, /application\/problem\+json/);
    assert.match(late, /^connection: close\r$/im);
  });

  test('does not wait for connections that say nothing', async () => {
    const closing = await startServer();
    const socket = connect(closing.port, '127.0.0.1');
    await once(socket, 'connect');
    assert.equal((await closing.send('/healthz')).status, 200);
    const closed = once(socket, 'close');
    socket.resume();
    await closing.close();
    await closed;
  });
});

suite('an issuer that changes', () => {
  const secret = 'q8Zx0pWm4kTn7uVb2sLd9fGh6jYc3rEa';
  const warningsOf = async (folder: string, options: AppOptions) => {
    const app = await createApp({
      env: {},
      envFile: false,
      dataDir: folder,
      secret,
      logger: false,
      ...options,
    });
    await app.close();
    return internalsOf(app)
      .notices.filter((it) => it.level === 'warning')
      .map((it) => it.text)
      .join('\n');
  };

  test('is told of at the start, once, with the setting that keeps the tokens', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-issuer-'));
    t.after(() => rmSync(folder, { recursive: true }));
    assert.equal(await warningsOf(folder, {}), '');
    assert.match(
      await warningsOf(folder, { port: 9000 }),
      /was http:\/\/127\.0\.0\.1:8000 and is http:\/\/127\.0\.0\.1:9000 now, because it follows from host and port .* LATCHKEY_ISSUER=http:\/\/127\.0\.0\.1:8000$/,
    );
    assert.equal(await warningsOf(folder, { port: 9000 }), '');
    assert.match(
      await warningsOf(folder, { port: 9000, host: '::1' }),
      /is http:\/\/\[::1\]:9000 now/,
    );
    assert.match(
      await warningsOf(folder, { issuer: 'https://a.example' }),
      /is https:\/\/a\.example now\. Tokens issued before/,
    );
    assert.equal(await warningsOf(folder, { issuer: 'https://a.example', port: 9001 }), '');
    const audience = 'https://api.example';
    assert.match(
      await warningsOf(folder, { issuer: 'https://a.example', audience }),
      /^The audience was https:\/\/a\.example .* LATCHKEY_AUDIENCE=https:\/\/a\.example$/,
    );
    // A name that is added, or taken away, keeps the tokens that have another in common.
    const several = [audience, 'https://other.example'];
    assert.equal(await warningsOf(folder, { issuer: 'https://a.example', audience: several }), '');
    assert.match(
      await warningsOf(folder, { issuer: 'https://a.example', audience: 'x' }),
      /LATCHKEY_AUDIENCE=https:\/\/api\.example,https:\/\/other\.example$/,
    );
  });
});

suite('the log', () => {
  test('goes to standard error, names our failures, and has no secret', async () => {
    const lines: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = (chunk: string | Uint8Array) => {
      lines.push(String(chunk));
      return true;
    };
    try {
      const claims = ({ username }: { username: string | null }) => {
        if (username === 'broken') throw new Error('the hook failed');
        return {};
      };
      const logged = await startServer({ logger: true, claims });
      const password = `${MARKER} password`;
      const { body } = await logged.register('jane', { password });
      const token = body['access_token'];
      await logged.register('broken', { password });
      await logged.login('jane', `${MARKER} wrong`);
      await logged.send(`/auth/me?access_token=${token}&x=${MARKER}`);
      await logged.send(`/${MARKER}?token=${token}`, { token });
      await logged.send('/auth/me', { token: `${token}x` });
      await logged.send('/auth/refresh', { json: { refresh_token: body['refresh_token'] } });
      await logged.send('/auth/login', { form: `{"password":"${password}"}` });
      await sendBytes(logged.port, `GARBAGE ${MARKER}\r\n\r\n`);
      await internalsOf(logged.app).close();
      await logged.send('/auth/login', { json: { username: 'jane', password } });
      const form = { grant_type: 'password', username: 'jane', password };
      await logged.send('/auth/token', { form });
      await logged.close();
    } finally {
      process.stderr.write = write;
    }
    const log = lines.join('');
    assert.match(log, /"msg":"request failed"/);
    assert.match(log, /the hook failed/);
    assert.match(log, /store_unavailable/);
    for (const secret of [MARKER, 'eyJ', '$argon2', 'access_token', '?']) {
      assert.equal(log.includes(secret), false, `the log holds ${secret}: ${log}`);
    }
  });
});

suite('the line about a refused sign-in', () => {
  /** As fail2ban reads the filter in the documentation. */
  async function readFilter(): Promise<RegExp> {
    const file = new URL('../../docs/deploy/fail2ban-latchkey.conf', import.meta.url);
    const [, failregex = ''] = /^failregex = (.+)$/m.exec(await readFile(file, 'utf8')) ?? [];
    return new RegExp(failregex.replace('<ADDR>', '(?<address>[0-9a-fA-F.:]+)'));
  }

  async function startLogging(options: Omit<LatchkeyPluginOptions, 'clock'>) {
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) };
    const build = (app: FastifyInstance) =>
      app.post('/own', async ({ body }) => ({
        id: requireTokens(await app.latchkey.auth.loginRaw(body)).user.id,
      }));
    const trustProxy = ['127.0.0.1'];
    const host = await startHost(options, build, { logger: { level: 'warn', stream }, trustProxy });
    return { host, lines };
  }

  test('comes once for each, from every route that takes a password, and matches the filter', async () => {
    const filter = await readFilter();
    const { host, lines } = await startLogging({ logRefusals: true });
    const { body } = await host.register('jane');
    const headers = { 'x-forwarded-for': '[2001:db8::7]:4711' };
    const wrong = { username: 'jane', password: 'wrong password' };
    const stranger = { username: 'stranger', password: 'wrong password' };
    const change = { current_password: 'wrong password', new_password: 'another password' };
    const off = await host.app.latchkey.users.create({ username: 'off', password: PASSWORD });
    await host.app.latchkey.users.disable(off.id);
    for (const [path, request, code] of [
      ['/auth/login', { json: wrong }, 'invalid_credentials'],
      ['/auth/login', { form: stranger }, 'invalid_credentials'],
      ['/auth/token', { form: { ...wrong, grant_type: 'password' } }, 'invalid_credentials'],
      ['/auth/password', { json: change, token: body['access_token'] }, 'invalid_credentials'],
      ['/own', { json: wrong }, 'invalid_credentials'],
      ['/auth/login', { json: { username: 'off', password: PASSWORD } }, 'account_disabled'],
    ] as const) {
      lines.length = 0;
      await host.send(path, { ...request, headers });
      assert.equal(lines.length, 1, path);
      const line = JSON.parse(lines[0] ?? '');
      assert.equal(filter.exec(lines[0] ?? '')?.groups?.['address'], '2001:db8::7');
      assert.deepEqual([line.event, line.code, line.route], ['sign_in_refused', code, path]);
      assert.doesNotMatch(lines[0] ?? '', /jane|stranger|wrong/);
    }
    lines.length = 0;
    for (const [path, request] of [
      ['/auth/login', { json: { username: 'jane', password: PASSWORD } }],
      ['/auth/login', { json: { username: 'jane' } }],
      ['/auth/me', { token: 'x.y.z' }],
      ['/auth/refresh', { json: { refresh_token: 'x' } }],
      ['/auth/revocations', { token: 'lkg_wrong' }],
      ['/auth/introspect', { form: { token: 'x' }, token: 'lkg_wrong' }],
    ] as const) {
      await host.send(path, request);
    }
    assert.deepEqual(lines, []);
    await host.close();
  });

  test('holds nothing that a client could make another line or another address of', async () => {
    const filter = await readFilter();
    const { host, lines } = await startLogging({ logRefusals: true });
    const fake = '"event":"sign_in_refused","address":"192.0.2.1","code":';
    for (const text of [fake, `\n{${fake}`, `192.0.2.1\u2028${fake}`]) {
      await host.send(`/auth/login?${encodeURIComponent(text)}`, {
        json: { username: text, password: text },
        headers: { 'user-agent': fake, 'x-forwarded-for': `${fake}, 203.0.113.7`, referer: fake },
      });
      await host.send('/auth/login', {
        json: { username: text, password: text },
        headers: { 'x-forwarded-for': fake },
      });
    }
    assert.equal(lines.length, 6);
    for (const line of lines) {
      assert.equal(line.split('\n').length, 2);
      assert.doesNotMatch(line, /192\.0\.2\.1/);
      const { address } = JSON.parse(line);
      assert.equal(filter.exec(line)?.groups?.['address'] ?? null, address);
      assert.ok(address === null || address === '203.0.113.7');
    }
    await host.close();
  });

  test('comes only where a setting asks for it', async () => {
    const { host, lines } = await startLogging({});
    await host.login('nobody');
    assert.deepEqual(lines, []);
    await host.close();
    const { host: asked } = await startLogging({ env: { LATCHKEY_LOG_REFUSALS: 'true' } });
    assert.equal(asked.app.latchkey.settings.logRefusals, true);
    await asked.close();
    await assert.rejects(
      startHost({ env: { LATCHKEY_LOG_REFUSALS: 'yes' } }, () => {}),
      /true or false/,
    );
  });
});

suite('behind a proxy', () => {
  test('believes a trusted proxy about the address, and no other sender', async () => {
    const ask = async (trustProxy: string[] | false, forwarded: string) => {
      const proxied = await startServer(trustProxy === false ? {} : { trustProxy });
      const { body } = await proxied.send('/auth/register', {
        json: { username: 'jane', password: PASSWORD },
        headers: { 'x-forwarded-for': forwarded },
      });
      const { body: list } = await proxied.send('/auth/sessions', { token: body['access_token'] });
      await proxied.close();
      return list['sessions'][0].address;
    };
    const trusted = ['127.0.0.1'];
    assert.equal(await ask(false, '203.0.113.7'), '127.0.0.1');
    assert.equal(await ask(trusted, '203.0.113.7'), '203.0.113.7');
    assert.equal(await ask(trusted, '198.51.100.1, 203.0.113.7'), '203.0.113.7');
    assert.equal(await ask(['203.0.113.9'], '203.0.113.7'), '127.0.0.1');
    assert.equal(await ask(trusted, `<script>${'x'.repeat(5000)}`), null);
  });

  test('reads an address with a port, in brackets, and mapped into IPv6', async () => {
    const proxied = await startServer({
      trustProxy: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8', '::ffff:172.16.0.0/108'],
    });
    const cases = {
      '203.0.113.7:4711': '203.0.113.7',
      '[2001:db8::7]:443': '2001:db8::7',
      '[2001:db8::7]': '2001:db8::7',
      '"[2001:DB8:0:0::7]:443"': '2001:db8::7',
      '2001:db8::7': '2001:db8::7',
      '::ffff:203.0.113.7': '203.0.113.7',
      '::FFFF:cb00:7107': '203.0.113.7',
      '[::ffff:203.0.113.7]:80': '203.0.113.7',
      'fe80::1%eth0': 'fe80::1',
      'fe80::1%25en0': 'fe80::1',
      '[fe80::1%eth0.1]:443': 'fe80::1',
      '203.0.113.7, fd00::1%eth0, 10.0.0.3': '203.0.113.7',
      // Trusted hops are known with a port, too.
      '203.0.113.7:1, 10.0.0.2:2, [fd00::1]:3,\t::ffff:10.0.0.4': '203.0.113.7',
      '198.51.100.1, 203.0.113.7:1, 10.0.0.2:2': '203.0.113.7',
      '203.0.113.7, 172.16.0.9:80': '203.0.113.7',
      unknown: null,
      '_hidden:80': null,
      '203.0.113.7:': null,
      '203.0.113.07': null,
      '203.0.113.7:1:2': null,
      '[203.0.113.7': null,
      '[203.0.113.7]:80': null,
      '203.0.113.7%eth0': null,
      'fe80::1%': null,
      'fe80::1%a:b': null,
      [`fe80::1%${'e'.repeat(65)}`]: null,
      [`[${':'.repeat(300)}]:1`]: null,
      'for=203.0.113.7': null,
      // A hop that cannot be read is not trusted, so nothing before it is believed.
      '203.0.113.7, 10.0.0.999': null,
    };
    let count = 0;
    for (const [forwarded, expected] of Object.entries(cases)) {
      const { body } = await proxied.send('/auth/register', {
        json: { username: `jane${count++}`, password: PASSWORD },
        headers: { 'x-forwarded-for': forwarded },
      });
      const { body: list } = await proxied.send('/auth/sessions', { token: body['access_token'] });
      assert.equal(list['sessions'][0].address, expected, forwarded);
    }
    await proxied.close();
  });

  test('shows the address of a peer as IPv4 where the server listens on all networks', async () => {
    const app = await createApp({ ...testOptions(), logger: false });
    await app.listen({ host: '::', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const server = `http://127.0.0.1:${port}`;
    const json = { username: 'jane', password: PASSWORD };
    const { body } = await sendTo(`${server}/auth/register`, { json });
    const { body: list } = await sendTo(`${server}/auth/sessions`, { token: body['access_token'] });
    assert.equal(list['sessions'][0].address, '127.0.0.1');
    await app.close();
  });
});
