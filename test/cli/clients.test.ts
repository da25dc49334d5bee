import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFolder, runCli, startServer } from './cli.ts';

const KEY = /^lkg_([0-9a-f]{16})_[\w-]{43}$/;

test('A client is created, listed and deleted; its key is printed once and not stored', async (t) => {
  const folder = await createFolder(t);
  const cli = (...args: string[]) => runCli(folder, args);
  const created = await cli('clients', 'create', 'orders-api', '--kind', 'guard');
  assert.equal(created.code, 0, created.stderr);
  const key = created.stdout.trim();
  const [, id] = KEY.exec(key) ?? [];
  assert.ok(id, 'the key alone is on standard output');
  assert.match(created.stderr, /This is the key of orders-api \([0-9a-f]{16}\)/);

  const other = JSON.parse((await cli('clients', 'create', 'Zoë 2', '--json')).stdout);
  assert.deepEqual(Object.keys(other), [
    'id',
    'name',
    'kind',
    'created_at',
    'old_secrets_end_at',
    'key',
  ]);
  assert.equal(KEY.exec(other.key)?.[1], other.id);

  const listed = JSON.parse((await cli('clients', 'list', '--json')).stdout);
  assert.deepEqual(
    listed.map((each: { id: string; name: string }) => [each.id, each.name]),
    [
      [id, 'orders-api'],
      [other.id, 'Zoë 2'],
    ],
  );
  const table = await cli('clients', 'list');
  assert.match(
    table.stdout,
    /^NAME +KIND +CREATED +OLD KEYS UNTIL +ID\norders-api +guard +\S+ \S+ UTC +– +[0-9a-f]{16}\n/,
  );
  for (const text of [table.stdout, JSON.stringify(listed)]) assert.ok(!text.includes('lkg_'));
  const file = await readFile(join(folder, 'data', 'latchkey.db'), 'latin1');
  for (const each of [key, other.key]) assert.ok(!file.includes(each.slice(-43)));

  const deleted = await cli('clients', 'delete', 'orders-api');
  assert.match(deleted.stdout, /^orders-api is deleted\. Its keys are refused\./);
  const again = await cli('clients', 'delete', 'orders-api');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /There is no client "orders-api"\. .*latchkey clients list/);
  const last = await cli('clients', 'delete', other.id, '--json');
  assert.equal(JSON.parse(last.stdout).name, 'Zoë 2');
  assert.match((await cli('clients', 'list')).stdout, /^There are no clients yet\./);
});

test('A name that is taken or empty is refused', async (t) => {
  const folder = await createFolder(t);
  const create = (...args: string[]) => runCli(folder, ['clients', 'create', ...args]);
  assert.equal((await create('api')).code, 0);
  for (const name of ['api', '', ' api', 'a\nb', 'x'.repeat(65), '0123456789abcdef']) {
    const { code, stdout, stderr } = await create(name);
    assert.equal(code, 2, JSON.stringify(name));
    assert.equal(stdout, '');
    assert.match(stderr, /Choose another|A name has 1 to 64/);
  }
  assert.equal((await create()).code, 2);
});

test('A new key works immediately on a running server, and no longer once it is deleted', async (t) => {
  const folder = await createFolder(t);
  const { url, stop } = await startServer(t, folder);
  const { stdout } = await runCli(folder, ['clients', 'create', 'api']);
  const ask = async () => {
    const response = await fetch(`${url}/auth/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stdout.trim()}` },
      body: new URLSearchParams({ token: 'x' }),
    });
    return [response.status, await response.json()];
  };
  assert.deepEqual(await ask(), [200, { active: false }]);
  assert.equal((await runCli(folder, ['clients', 'delete', 'api'])).code, 0);
  assert.equal((await ask())[0], 401);
  assert.equal(await stop(), 0);
});

test('A rotated key works immediately; the key before it lasts a day, or ends with --now', async (t) => {
  const folder = await createFolder(t);
  const { url, stop } = await startServer(t, folder);
  const cli = (...args: string[]) => runCli(folder, ['clients', ...args]);
  const ask = async (key: string) => {
    const response = await fetch(`${url}/auth/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: new URLSearchParams({ token: 'x' }),
    });
    await response.arrayBuffer();
    return response.status;
  };
  const first = (await cli('create', 'api')).stdout.trim();
  const rotated = await cli('rotate-secret', 'api');
  const second = rotated.stdout.trim();
  assert.equal(KEY.exec(second)?.[1], KEY.exec(first)?.[1], 'the client keeps its id');
  assert.match(rotated.stderr, /new key of api .*not shown again\.\nEarlier keys end at .* UTC/);
  assert.deepEqual([await ask(first), await ask(second)], [200, 200]);
  const [listed] = JSON.parse((await cli('list', '--json')).stdout);
  assert.ok(Math.abs(Date.parse(listed.old_secrets_end_at) - Date.now() - 86_400_000) < 60_000);
  const third = JSON.parse((await cli('rotate-secret', listed.id, '--now', '--json')).stdout);
  assert.deepEqual([third.name, third.kind, third.old_secrets_end_at], ['api', 'guard', null]);
  assert.deepEqual([await ask(first), await ask(second), await ask(third.key)], [401, 401, 200]);
  const none = await cli('rotate-secret', 'nobody');
  assert.deepEqual([none.code, none.stdout], [1, '']);
  assert.match(none.stderr, /There is no client "nobody"/);
  assert.equal(await stop(), 0);
});

test('The former command guards names its successor, and an unknown kind is refused', async (t) => {
  const folder = await createFolder(t);
  const typed: [string[], RegExp][] = [
    [['guards'], /"guards" is now "clients"\. See: latchkey clients --help/],
    [['guards', 'create', 'api'], /"guards create" is now "clients create NAME --kind guard"/],
    [['guards', 'list', '--json'], /"guards list" is now "clients list"/],
    [['guards', 'delete', 'api'], /"guards delete" is now "clients delete CLIENT"/],
    [['guards', '--help'], /"guards" is now "clients"/],
    [['help', 'guards'], /"guards" is now "clients"/],
    [['clients', 'create', 'api', '--kind', 'web'], /"kind" must be "guard"/],
  ];
  for (const [args, says] of typed) {
    const { code, stdout, stderr } = await runCli(folder, args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, says);
  }
});
