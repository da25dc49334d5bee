import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { findPort } from '../../../src/cli/serve/find-port.ts';
import { call, collect, createFolder, execCli, isRecord, spawnCli, startServer } from '../cli.ts';

const jane = { username: 'jane', password: 'correct horse' };

test('The first start prints where everything is, and creates private files', async (t) => {
  const folder = await createFolder(t);
  const first = spawnCli(folder, ['serve', '--port', '0']);
  t.after(() => first.kill('SIGKILL'));
  first.stdout?.once('data', () => first.kill('SIGTERM'));
  const { code, stdout } = await collect(first);

  assert.equal(code, 0);
  const [, url = ''] = /listens on (http:\/\/127\.0\.0\.1:\d+)\n/.exec(stdout) ?? [];
  assert.notEqual(url, '');
  assert.match(stdout, new RegExp(`API docs +${url}/docs\n`));
  assert.match(stdout, /Database +\S+data\/latchkey\.db \(created\)\n/);
  assert.match(
    stdout,
    /^An empty database was made in the file \S+latchkey\.db\. If you expected/m,
  );
  assert.match(stdout, /Secret +\S+data\/secret \(created\)\n/);
  assert.match(
    stdout,
    /^There is no administrator yet\. Create one: latchkey users create .* --role admin$/m,
  );
  assert.match(stdout, new RegExp(`curl -s ${url}/auth/register`));
  assert.doesNotMatch(stdout, /Issuer/);
  assert.equal(stdout, stripVTControlCharacters(stdout));
  if (process.platform !== 'win32') {
    assert.equal((await stat(join(folder, 'data', 'secret'))).mode & 0o777, 0o600);
  }

  const second = await startServer(t, folder, ['--issuer', 'https://auth.example.com']);
  const { issuer, created, docs, database, secret } = second.banner;
  assert.deepEqual(
    { issuer, created, docs },
    { issuer: 'https://auth.example.com', created: [], docs: `${second.url}/docs` },
  );
  assert.ok(String(database).endsWith('latchkey.db') && String(secret).endsWith('secret'));
  assert.equal(await second.stop(), 0);
});

test('A start loads nothing that few servers need', async (t) => {
  const hook = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    process.on('exit', () => console.log(loaded.join('\\n')));`;
  const variables = {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}`,
  };
  const folder = await createFolder(t);
  // The first start also creates the database.
  for (const start of ['first', 'second']) {
    const server = spawnCli(folder, ['serve', '--port', '0', '--json'], variables);
    t.after(() => server.kill('SIGKILL'));
    server.stdout?.once('data', () => server.kill('SIGTERM'));
    const { stdout } = await collect(server);
    if (start === 'first') continue;
    assert.match(stdout, /\/src\/server\/app\.ts\n/);
    const rare =
      /\/(docs-app\.ts|page-texts\.ts|mail-delivery\.ts|src\/(mail|testing|client|cli\/commands|store\/(postgres|transfer))\/.*|node_modules\/(@fastify\/(cors|static|swagger.*?)|@node-rs\/.*?|kysely|nodemailer|otpauth|pg|uqr|yaml)\/.*)$/;
    assert.deepEqual(
      stdout.split('\n').filter((url) => rare.test(url)),
      [],
    );
  }
});

test('SIGTERM lets a request in progress finish; the next start knows users and revocations', async (t) => {
  const folder = await createFolder(t);
  const first = await startServer(t, folder);
  const { body: registered } = await call(`${first.url}/auth/register`, { body: jane });
  const metadata = await call(`${first.url}/.well-known/oauth-authorization-server`);
  assert.equal(metadata.body['issuer'], first.url, 'the issuer has the port that was found');

  await fetch(`${first.url}/auth/logout`, {
    method: 'POST',
    headers: { authorization: `Bearer ${registered['access_token']}` },
  });
  const token = registered['access_token'];
  assert.equal((await call(`${first.url}/auth/me`, { token })).status, 401);

  // It would keep its connection open without end, and the server must not wait for it.
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const login = request(`${first.url}/auth/login`, {
    agent,
    method: 'POST',
    headers: { 'content-type': 'application/json', expect: '100-continue' },
  });
  const answered = once(login, 'response');
  login.flushHeaders();
  // The server has begun with it, and waits for the rest.
  await once(login, 'continue');
  const ended = once(first.child, 'exit');
  first.child.kill('SIGTERM');
  const [said] = await once(first.child.stderr ?? first.child, 'data');
  assert.match(String(said), /Stopping/);
  // What Ctrl-C under npm brings: the terminal's signal, and npm's.
  first.child.kill('SIGTERM');
  login.end(JSON.stringify(jane));
  const [response] = await answered;
  assert.equal(response.statusCode, 200);
  const body: unknown = await json(response);
  assert.ok(isRecord(body));
  assert.deepEqual(await ended, [0, null]);

  const port = new URL(first.url).port;
  const second = await startServer(t, folder, ['--port', port]);
  assert.equal((await call(`${second.url}/auth/me`, { token })).status, 401);
  const refresh_token = registered['refresh_token'];
  const refreshed = await call(`${second.url}/auth/refresh`, { body: { refresh_token } });
  assert.equal(refreshed.status, 401);
  const me = await call(`${second.url}/auth/me`, { token: body['access_token'] });
  assert.deepEqual([me.status, me.body['username']], [200, 'jane']);
  assert.equal((await call(`${second.url}/auth/login`, { body: jane })).status, 200);
  assert.equal(await second.stop(), 0);
});

test('A later second signal ends the server immediately, even during a request', async (t) => {
  const folder = await createFolder(t);
  const { url, child } = await startServer(t, folder);
  const login = request(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', expect: '100-continue' },
  });
  login.on('error', () => {});
  login.flushHeaders();
  await once(login, 'continue');
  const ended = once(child, 'exit');
  const again = setInterval(() => child.kill('SIGINT'), 50);
  assert.deepEqual(await ended, [1, null]);
  clearInterval(again);
});

test('A port in use is reported in one sentence, and nothing is created', async (t) => {
  const folder = await createFolder(t);
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { code, stdout, stderr } = await execCli(folder, ['serve', '--port', String(port)]);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^error: Port \d+ of 127\.0\.0\.1 is in use.*--port \d+\n$/);
  assert.equal(existsSync(join(folder, 'data')), false);
});

test('An address that this machine does not have is reported', async () => {
  // No machine has an address of 192.0.2.0/24, which is reserved for documentation (RFC 5737).
  await assert.rejects(findPort('192.0.2.1', 0), /does not have the address 192\.0\.2\.1/);
});

test('A wrong setting is reported with its name, the problem and the fix, and exit code 2', async (t) => {
  const folder = await createFolder(t);
  const cases = [
    { args: ['--port', '70000'], says: /^error: --port: "70000" is not a port\. Give/ },
    {
      args: ['--prot', '1'],
      says: /^error: --prot is not an option of "serve"\. Did you mean --port\?/,
    },
    { args: ['--port'], says: /^error: --port needs a value: --port <number>/ },
    { args: ['--host', '--json'], says: /^error: --host needs a value/ },
    { args: ['--secret', 'hunter2hunter2'], says: /^error: --secret would show the secret/ },
    { args: ['extra'], says: /^error: "serve" does not take the argument "extra"/ },
  ];
  const env = { LATCHKEY_PROT: '1' };
  const [variable, ...flags] = await Promise.all([
    execCli(folder, ['serve'], { env }),
    ...cases.map(({ args }) => execCli(folder, ['serve', ...args])),
  ]);
  assert.equal(variable.code, 2);
  assert.match(variable.stderr, /^error: LATCHKEY_PROT: .* Did you mean LATCHKEY_PORT\?\n$/);
  for (const [at, { code, stderr }] of flags.entries()) {
    assert.equal(code, 2);
    assert.match(stderr, cases[at]?.says ?? /never/);
    assert.doesNotMatch(stderr, /hunter2|\n {4}at /);
  }
  assert.equal(existsSync(join(folder, 'data')), false);
});

test('A server outlives the reader of its output', async (t) => {
  const folder = await createFolder(t);
  const port = await findPort('127.0.0.1', 0);
  const child = spawnCli(folder, ['serve', '--port', String(port)]);
  t.after(() => child.kill('SIGKILL'));
  child.stdout?.destroy();
  child.stderr?.destroy();
  let status = 0;
  while (status !== 200) {
    assert.equal(child.exitCode, null);
    status = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      (response) => response.status,
      () => 0,
    );
  }
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});
