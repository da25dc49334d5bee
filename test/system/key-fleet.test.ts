import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { repetitionsOf } from '../../scripts/proofs.ts';
import { InvalidSetting } from '../../src/kernel/errors.ts';
import type { LatchkeyPluginOptions } from '../../src/server/options.ts';
import { openLatchkey } from '../../src/system/latchkey.ts';
import { createFolder, execCli } from '../cli/cli.ts';
import { startPostgres } from '../support/postgres.ts';
import { ISSUER, SECRET } from '../support/server.ts';
import { Load, Node } from './key-fleet.ts';

const ROTATIONS = repetitionsOf('TEST_KEY_ROTATIONS');
const REVOCATIONS = 5;
const CLIENTS = 3;
const NEW_SECRET = 'Wb5nT8qLr2VxZc7Yd0KfM4sHj1Ga9PuE';

const postgres = await startPostgres();

function createOptions(databaseUrl: string, dataDir: string): LatchkeyPluginOptions {
  return {
    databaseUrl,
    dataDir,
    secret: SECRET,
    issuer: ISSUER,
    hashing: { memoryCost: 8, timeCost: 1, threads: 1 },
    keyRotation: { lead: '1s' },
    env: {},
    envFile: false,
  };
}

async function rotateAndRevoke(t: TestContext, options: LatchkeyPluginOptions): Promise<void> {
  const nodes = await Promise.all([Node.start(options), Node.start(options)]);
  const [left, right] = nodes;
  const load = new Load(nodes);
  load.start(CLIENTS);
  // On a slow machine the first sign-in must not come later than the second key.
  await load.until(() => load.tokens.size > 0);
  for (let round = 0; round < ROTATIONS; round++) {
    const kid = await (round % 2 === 0 ? left : right).tell({ rotate: true });
    await load.until(() => load.signers.get(kid)?.size === nodes.length);
  }
  assert.equal(load.tokens.size, ROTATIONS + 1);

  const took: number[] = [];
  for (let round = 0; round < REVOCATIONS; round++) {
    const kid = [...load.tokens.keys()].at(-1) ?? '';
    const token = load.tokens.get(kid) ?? '';
    assert.equal((await right.verify(token)).status, 200);
    load.revoked.add(kid);
    await left.tell({ revoke: kid });
    const start = performance.now();
    assert.equal((await left.verify(token)).status, 401);
    while ((await right.verify(token)).status !== 401) {
      assert.ok(performance.now() - start < 1_000, 'accepted a second after it was revoked');
    }
    took.push(performance.now() - start);
    const known = load.tokens.size;
    await load.until(
      () => load.tokens.size > known && [...load.signers.values()].at(-1)?.size === nodes.length,
    );
  }
  await load.stop(t);
  const times = took.map((ms) => ms.toFixed(0)).join(', ');
  t.diagnostic(`${ROTATIONS} rotations; refused elsewhere after ${times} ms`);
  await Promise.all(nodes.map((node) => node.stop()));
}

const title = `Two nodes under load: ${ROTATIONS} rotations refuse no user, and a revoked key is refused everywhere within a second`;

test('Keys of a fleet', { concurrency: true, timeout: 170_000 }, async (t) => {
  await Promise.all([
    t.test(`${title}, on PostgreSQL`, async (t) => {
      const url = await postgres.createDatabase();
      await rotateAndRevoke(t, createOptions(url, await createFolder(t)));
    }),
    t.test(`${title}, on SQLite`, async (t) => {
      const folder = await createFolder(t);
      await rotateAndRevoke(t, createOptions(`sqlite:${join(folder, 'fleet.db')}`, folder));
    }),
  ]);
});

async function replaceSecret(t: TestContext, old: LatchkeyPluginOptions): Promise<void> {
  const folder = await createFolder(t);
  const rotate = async (secret: string, args: string[], input = '') => {
    const env = { LATCHKEY_DATABASE_URL: old.databaseUrl ?? '', LATCHKEY_SECRET: secret };
    const { code, stderr } = await execCli(folder, ['secret', 'rotate', ...args], { input, env });
    assert.equal(code, 0, stderr);
    assert.ok(!stderr.includes(SECRET) && !stderr.includes(NEW_SECRET));
  };
  const assertRefused = (options: LatchkeyPluginOptions) =>
    assert.rejects(openLatchkey(options), (error) => error instanceof InvalidSetting);

  const nodes = await Promise.all([Node.start(old), Node.start(old)]);
  const load = new Load(nodes);
  load.start(CLIENTS);
  const some = async () => {
    const { requests } = load;
    await load.until(() => load.requests > requests + 200);
  };
  await some();
  const fresh = { ...old, secret: NEW_SECRET };
  await assertRefused(fresh);
  await rotate(SECRET, [], `${NEW_SECRET}\n`);
  await some();
  nodes.push(await Node.start(fresh), await Node.start(old));
  await some();
  await assertRefused({ ...old, secret: 'Xq3vN8rT1yLw6ZpB0dKf5HsJ2mGc9UeA' });
  await rotate(NEW_SECRET, ['--finish']);
  await some();
  // Those with the old secret go on, and cannot start again.
  await assertRefused(old);
  const last = 'Pz4kR7mWq1TsXb9Lc3VyN6dJf0HgE8uA';
  await rotate(NEW_SECRET, ['--compromised'], last);
  nodes.push(await Node.start({ ...old, secret: last }), await Node.start(fresh));
  await some();
  await load.stop(t);
}

test('The secret of a fleet', { concurrency: true, timeout: 170_000 }, async (t) => {
  const on = (kind: string, createUrl: (folder: string) => string | Promise<string>) =>
    t.test(`The secret is replaced under load, on ${kind}, and no request fails`, async (t) => {
      const folder = await createFolder(t);
      await replaceSecret(t, createOptions(await createUrl(folder), folder));
    });
  await Promise.all([
    on('PostgreSQL', () => postgres.createDatabase()),
    on('SQLite', (folder) => `sqlite:${join(folder, 'fleet.db')}`),
  ]);
});
