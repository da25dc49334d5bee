import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { databaseUrlFrom, deriveSecretFrom } from 'latchkey/server';
import { openLatchkey } from '../../src/system/latchkey.ts';
import { startNode, type TestProcess } from '../support/process.ts';
import { SECRET, testOptions } from '../support/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-serve-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const program = join(folder, 'program.mjs');
writeFileSync(
  program,
  `import Fastify from '${import.meta.resolve('fastify')}';
import { latchkey, serve } from '${import.meta.resolve('latchkey/server')}';
await serve(async () => {
  const app = Fastify();
  await app.register(latchkey, { port: process.env.PORT, hashing: { threads: 1 } });
  app.get('/pid', () => ({ pid: process.pid }));
  app.get('/crash', () => process.exit(9));
  if (process.env.THROWS) throw new Error('mine');
  return app;
}, { workers: Number(process.env.WORKERS ?? 1) });
`,
);

function run(env: Readonly<Record<string, string>>): TestProcess {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-serve-'));
  after(() => rmSync(dataDir, { recursive: true, force: true }));
  return startNode([program], {
    cwd: folder,
    env: { PORT: '0', LATCHKEY_DATA_DIR: dataDir, ...env },
  });
}

test('serve ends with the sentence alone where the port is taken', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  after(() => holder.close());
  const address = holder.address();
  const port = String(typeof address === 'object' ? address?.port : '');
  const runs = ['1', '2'].map((WORKERS) => run({ PORT: port, WORKERS }));
  for (const each of runs) {
    assert.deepEqual(await each.ended, { code: 1, signal: null });
    assert.match(each.output(), /^.*EADDRINUSE.*Give another port, or stop what uses it\.\n$/);
  }
});

test('serve leaves what the app itself throws to Node', async () => {
  const failing = run({ THROWS: '1' });
  assert.deepEqual(await failing.ended, { code: 1, signal: null });
  assert.match(failing.output(), /Error: mine\n +at /);
});

test('serve replaces a worker that dies, and ends all of them on a signal', async () => {
  const server = run({ WORKERS: '2' });
  const [, url = ''] = await server.waitFor(/^Listening on (http:\S+)$/m);
  const headers = { connection: 'close' };
  const pids = new Set<number>();
  const awaitWorkers = async (count: number) => {
    for (let tries = 0; pids.size < count; tries++) {
      assert.ok(tries < 5_000, `${pids.size} workers answered`);
      // A connection that was just handed to the worker that died has no answer.
      const response = await fetch(`${url}/pid`, { headers }).catch(() => undefined);
      if (response === undefined) continue;
      pids.add(((await response.json()) as { pid: number }).pid);
    }
  };
  await awaitWorkers(2);
  await assert.rejects(fetch(`${url}/crash`, { headers }));
  await awaitWorkers(3);
  assert.deepEqual(await server.stop('SIGINT'), { code: 0, signal: null });
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('databaseUrlFrom reads DATABASE_URL, or what the PostgreSQL image calls its variables', () => {
  for (const [env, url] of [
    [{}, undefined],
    [{ DATABASE_URL: '', POSTGRES_USER: '' }, undefined],
    [{ DATABASE_URL: 'sqlite:./a.db', POSTGRES_USER: 'jane' }, 'sqlite:./a.db'],
    [{ DATABASE_URL: 'postgresql+psycopg2://a:b@c/d' }, 'postgresql://a:b@c/d'],
    [{ DATABASE_URL: 'postgres+asyncpg://a:b@c/d' }, 'postgres://a:b@c/d'],
    [
      { POSTGRES_PASSWORD: 'p@ss/w:rd %' },
      'postgres://postgres:p%40ss%2Fw%3Ard%20%25@localhost:5432/postgres',
    ],
    [{ POSTGRES_USER: 'jane', POSTGRES_HOST: 'db' }, 'postgres://jane@db:5432/jane'],
    [
      {
        POSTGRES_USER: 'jane',
        POSTGRES_PASSWORD: 'x',
        POSTGRES_DB: 'app',
        POSTGRES_PORT: '6500',
        POSTGRES_HOST: 'postgres',
        POSTGRES_HOSTNAME: '127.0.0.1',
      },
      'postgres://jane:x@127.0.0.1:6500/app',
    ],
    [
      { POSTGRES_HOST: 'db/other', POSTGRES_PORT: '1/x' },
      'postgres://postgres@db%2Fother:1%2Fx/postgres',
    ],
    [{ POSTGRES_HOST: '::1' }, 'postgres://postgres@[::1]:5432/postgres'],
    [
      { POSTGRES_HOST: '/var/run/postgresql', POSTGRES_PORT: '6500' },
      'postgres://postgres@localhost:6500/postgres?host=%2Fvar%2Frun%2Fpostgresql',
    ],
    [{ POSTGRES_SERVER: 'db', POSTGRES_DB: 'a b' }, 'postgres://postgres@db:5432/a%20b'],
  ] as const) {
    assert.equal(databaseUrlFrom(env), url);
  }
});

test('deriveSecret makes the secret from the signing key, unless one is given', async () => {
  const { secret: _, ...options } = testOptions();
  const signingKey = 'qZ8vYtR3nB1mKx6Wd0sLc7HfJ4gPuEa2';
  const derived = async (more: object) => {
    const opened = await openLatchkey({ ...options, algorithm: 'HS256', signingKey, ...more });
    await opened.close();
    return opened.settings.secret;
  };
  const secret = await derived({ deriveSecret: true });
  assert.notEqual(secret, signingKey);
  assert.equal(await derived({ deriveSecret: true }), secret);
  assert.notEqual(await derived({ deriveSecret: true, signingKey: `${signingKey}x` }), secret);
  assert.equal(await derived({ deriveSecret: true, secret: SECRET }), SECRET);
  assert.notEqual(await derived({}), secret);
  await assert.rejects(derived({ deriveSecret: true, signingKey: 'secret' }), {
    name: 'InvalidSetting',
    message: /^signingKey: /,
  });
});

test('a derived secret names the signing key that opens the database, and can be kept without it', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-serve-'));
  after(() => rmSync(dataDir, { recursive: true, force: true }));
  const { secret: _, databaseUrl: __, ...options } = testOptions();
  const open = async (signingKey: string, more: object) => {
    const opened = await openLatchkey({
      ...options,
      dataDir,
      databaseUrl: `sqlite:${join(dataDir, 'a.db')}`,
      algorithm: 'HS256',
      signingKey,
      deriveSecret: true,
      ...more,
    });
    await opened.close();
    return opened.settings.secret;
  };
  const former = 'qZ8vYtR3nB1mKx6Wd0sLc7HfJ4gPuEa2';
  const secret = await open(former, {});
  assert.equal(deriveSecretFrom(former, 'HS256'), secret);
  assert.throws(() => deriveSecretFrom('secret', 'HS256'), {
    message: /^signingKey: cannot be used/,
  });
  const next = 'Lc7HfJ4gPuEa2qZ8vYtR3nB1mKx6Wd0s';
  await assert.rejects(open(next, {}), {
    name: 'InvalidSetting',
    message: /^signingKey: is not the one .* first set LATCHKEY_SECRET to what deriveSecretFrom\(/,
  });
  await assert.rejects(open(next, { secret: former }), { message: /^LATCHKEY_SECRET: / });
  assert.equal(await open(next, { secret }), secret);
});

test('publicKey must be the public half of signingKey', async () => {
  const generate = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { publicKey, privateKey } = generate();
  const other = generate().publicKey;
  const open = (more: object) => openLatchkey({ ...testOptions(), algorithm: 'ES256', ...more });
  await (await open({ signingKey: privateKey, publicKey })).close();
  for (const [more, message] of [
    [{ signingKey: privateKey, publicKey: other }, /^publicKey: does not belong to signingKey\./],
    [{ publicKey }, /^publicKey: is given without signingKey\./],
    [{ signingKey: privateKey, publicKey: 'x' }, /^publicKey: cannot be used\./],
    [
      { algorithm: 'HS256', signingKey: SECRET, publicKey: SECRET },
      /^publicKey: is given with HS256/,
    ],
  ] as const) {
    await assert.rejects(open(more), { name: 'InvalidSetting', message });
  }
});
