import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFolder, runCli, startServer } from './cli.ts';

const KEY = /^lkg_([0-9a-f]{16})_[\w-]{43}$/;

test('A guard is made, listed and deleted; its key is shown once and not kept', async (t) => {
  const folder = await createFolder(t);
  const cli = (...args: string[]) => runCli(folder, args);
  const created = await cli('guards', 'create', 'orders-api');
  assert.equal(created.code, 0, created.stderr);
  const key = created.stdout.trim();
  const [, id] = KEY.exec(key) ?? [];
  assert.ok(id, 'the key alone is on standard output');
  assert.match(created.stderr, /This is the key of orders-api \([0-9a-f]{16}\)/);

  const other = JSON.parse((await cli('guards', 'create', 'Zoë 2', '--json')).stdout);
  assert.deepEqual(Object.keys(other), ['id', 'name', 'created_at', 'key']);
  assert.equal(KEY.exec(other.key)?.[1], other.id);

  const listed = JSON.parse((await cli('guards', 'list', '--json')).stdout);
  assert.deepEqual(
    listed.map((each: { id: string; name: string }) => [each.id, each.name]),
    [
      [id, 'orders-api'],
      [other.id, 'Zoë 2'],
    ],
  );
  const table = await cli('guards', 'list');
  assert.match(table.stdout, /^NAME +CREATED +ID\norders-api +\S+ \S+ UTC +[0-9a-f]{16}\n/);
  for (const text of [table.stdout, JSON.stringify(listed)]) assert.ok(!text.includes('lkg_'));
  const file = await readFile(join(folder, 'data', 'latchkey.db'), 'latin1');
  for (const each of [key, other.key]) assert.ok(!file.includes(each.slice(-43)));

  const deleted = await cli('guards', 'delete', 'orders-api');
  assert.match(deleted.stdout, /^The key of orders-api is refused from now on\./);
  const again = await cli('guards', 'delete', 'orders-api');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /There is no guard "orders-api"\. .*latchkey guards list/);
  const last = await cli('guards', 'delete', other.id, '--json');
  assert.equal(JSON.parse(last.stdout).name, 'Zoë 2');
  assert.match((await cli('guards', 'list')).stdout, /^There are no guards yet\./);
});

test('A name that is taken, or none, is refused', async (t) => {
  const folder = await createFolder(t);
  const create = (...args: string[]) => runCli(folder, ['guards', 'create', ...args]);
  assert.equal((await create('api')).code, 0);
  for (const name of ['api', '', ' api', 'a\nb', 'x'.repeat(65), '0123456789abcdef']) {
    const { code, stdout, stderr } = await create(name);
    assert.equal(code, 2, JSON.stringify(name));
    assert.equal(stdout, '');
    assert.match(stderr, /Choose another|A name has 1 to 64/);
  }
  assert.equal((await create()).code, 2);
});

test('A key made while the server runs opens it at once; deleted, it opens nothing', async (t) => {
  const folder = await createFolder(t);
  const { url, stop } = await startServer(t, folder);
  const { stdout } = await runCli(folder, ['guards', 'create', 'api']);
  const ask = async () => {
    const response = await fetch(`${url}/auth/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stdout.trim()}` },
      body: new URLSearchParams({ token: 'x' }),
    });
    return [response.status, await response.json()];
  };
  assert.deepEqual(await ask(), [200, { active: false }]);
  assert.equal((await runCli(folder, ['guards', 'delete', 'api'])).code, 0);
  assert.equal((await ask())[0], 401);
  assert.equal(await stop(), 0);
});
