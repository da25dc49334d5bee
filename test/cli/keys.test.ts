import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { call, createFolder, execCli, runCli, startServer } from './cli.ts';

const jane = { username: 'jane', password: 'correct horse' };
const SECRET = 'kB7rXe2pQm9ZtLw4Yd0cNs6VhJf8GaUi';
const NEXT = 'Wb5nT8qLr2VxZc7Yd0KfM4sHj1Ga9PuE';

interface Key {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: string;
}

async function listKeys(folder: string): Promise<Key[]> {
  return JSON.parse((await runCli(folder, ['keys', 'list', '--json'])).stdout);
}

test('A running server follows rotation and revocation', { timeout: 60_000 }, async (t) => {
  const folder = await createFolder(t);
  const { url, stop } = await startServer(t, folder);
  const { body } = await call(`${url}/auth/register`, { body: jane });
  const token = body['access_token'];
  const [first] = await listKeys(folder);

  const rotated = await runCli(folder, ['keys', 'rotate', '--algorithm', 'EdDSA']);
  assert.match(rotated.stdout, /^Key \S+ \(EdDSA\) is published and signs from .* UTC\.\n$/);
  const next = await runCli(folder, ['keys', 'rotate', '--json']);
  const { kid, state } = JSON.parse(next.stdout);
  assert.equal(state, 'next');
  const states = async () => (await listKeys(folder)).map((key) => key.state);
  assert.deepEqual(await states(), ['signing', 'next', 'next']);
  // The server polls the log; the timeout of this test is the bound.
  const published = async () => {
    const { keys } = (await call(`${url}/.well-known/jwks.json`)).body;
    return Array.isArray(keys) ? keys.map((key) => key.kid) : [];
  };
  while (!(await published()).includes(kid)) await setTimeout(20);
  assert.equal((await call(`${url}/auth/me`, { token })).status, 200);

  const unknown = await runCli(folder, ['keys', 'revoke', 'nobody']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /latchkey keys list/);
  const revoked = await execCli(folder, ['keys', 'revoke', '--', first?.kid ?? '']);
  assert.equal(revoked.code, 0, revoked.stderr);
  assert.match(revoked.stdout, /^Key \S+ \(ES256\) is revoked\.\n/);
  while ((await call(`${url}/auth/me`, { token })).status !== 401) await setTimeout(20);
  const refreshed = await call(`${url}/auth/refresh`, {
    body: { refresh_token: body['refresh_token'] },
  });
  assert.equal(refreshed.status, 200);
  const fresh = refreshed.body['access_token'];
  assert.equal((await call(`${url}/auth/me`, { token: fresh })).status, 200);
  const header = Buffer.from(String(fresh).split('.')[0] ?? '', 'base64url').toString();
  assert.equal(JSON.parse(header).kid, kid);
  assert.deepEqual((await states()).toSorted(), ['next', 'revoked', 'signing']);
  assert.equal(await stop(), 0);
});

test('A secret in the data directory is replaced there, and servers keep running', async (t) => {
  const folder = await createFolder(t);
  const file = join(folder, 'data', 'secret');
  const issuer = ['--issuer', 'http://auth.example'];
  const { url, stop } = await startServer(t, folder, issuer);
  const { body } = await call(`${url}/auth/register`, { body: jane });
  const before = readFileSync(file, 'utf8');
  for (const args of [[], ['--compromised'], ['--finish']]) {
    const { code, stdout, stderr } = await runCli(folder, ['secret', 'rotate', ...args]);
    assert.equal(code, 0, stderr);
    assert.ok(![stdout, stderr].join().includes(readFileSync(file, 'utf8')));
  }
  const after = readFileSync(file, 'utf8');
  assert.notEqual(after, before);
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  const names = readdirSync(join(folder, 'data')).filter((name) => name.startsWith('secret'));
  assert.deepEqual(names, ['secret']);
  assert.equal((await call(`${url}/auth/login`, { body: jane })).status, 200);
  await stop();
  const again = await startServer(t, folder, issuer);
  const token = body['access_token'];
  assert.equal((await call(`${again.url}/auth/me`, { token })).status, 200);
  await again.stop();
  writeFileSync(file, before);
  const refused = await execCli(folder, ['serve', '--port', '0']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /LATCHKEY_SECRET: is not the secret of this database/);
});

test('An interrupted rotation of the secret file continues where it stopped', async (t) => {
  const folder = await createFolder(t);
  const data = join(folder, 'data');
  const [file, next] = [join(data, 'secret'), join(data, 'secret.next')];
  await runCli(folder, ['users', 'create', '-u', 'ann', '--no-password']);
  const works = async () => (await runCli(folder, ['users', 'list'])).code;

  // Prepared, and not yet in the database.
  writeFileSync(next, NEXT, { mode: 0o600 });
  assert.equal(await works(), 0);
  const old = readFileSync(file, 'utf8');
  assert.equal((await runCli(folder, ['secret', 'rotate'])).code, 0);
  assert.equal(readFileSync(file, 'utf8'), NEXT);
  assert.ok(!existsSync(next));
  assert.equal(await works(), 0);

  // In the database, and not yet in its place.
  const env = { LATCHKEY_SECRET: NEXT };
  writeFileSync(next, SECRET, { mode: 0o600 });
  const added = await execCli(folder, ['secret', 'rotate'], { env, input: SECRET });
  assert.equal(added.code, 0, added.stderr);
  assert.equal(await works(), 0);
  assert.equal((await runCli(folder, ['secret', 'rotate'])).code, 0);
  assert.equal(readFileSync(file, 'utf8'), SECRET);
  assert.equal(await works(), 0);
  for (const secret of [old, NEXT]) {
    const refused = await execCli(folder, ['users', 'list'], { env: { LATCHKEY_SECRET: secret } });
    assert.equal(refused.code, 2);
  }
});

test('A new secret for the environment is typed, read or generated, and can be discarded', async (t) => {
  const folder = await createFolder(t);
  const cli = (secret: string, args: string[], input = '') =>
    execCli(folder, args, { env: { LATCHKEY_SECRET: secret }, input });
  await cli(SECRET, ['users', 'create', '-u', 'ann', '--no-password']);
  const rotate = (args: string[], input = '') => cli(SECRET, ['secret', 'rotate', ...args], input);
  const opens = async (secret: string) => (await cli(secret, ['users', 'list'])).code === 0;

  for (const [args, input, says] of [
    [[], '', /Standard input is empty\. Write the secret/],
    [[], 'short', /too weak/],
    [[], `${SECRET}\n`, /secret in use/],
    [['--finish', '--cancel'], '', /--finish cannot be combined with --cancel/],
  ] as const) {
    const { code, stdout, stderr } = await rotate([...args], input);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, says);
    assert.ok(!stderr.includes(SECRET));
  }

  assert.equal((await rotate([], `${NEXT}\n`)).code, 0);
  assert.deepEqual([await opens(SECRET), await opens(NEXT)], [true, true]);
  assert.equal((await rotate(['--finish'])).code, 2);
  assert.match((await rotate(['--cancel'])).stdout, /The new secret is discarded/);
  assert.deepEqual([await opens(SECRET), await opens(NEXT)], [true, false]);

  const made = await rotate(['--generate']);
  const secret = made.stdout.trim();
  assert.match(secret, /^[\w-]{48}$/);
  const finished = await cli(secret, ['secret', 'rotate', '--finish']);
  assert.match(finished.stdout, /^Only the current secret/);
  assert.deepEqual([await opens(SECRET), await opens(secret)], [false, true]);
});
