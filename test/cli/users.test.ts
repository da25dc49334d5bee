import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { call, createFolder, execCli, runCli, startServer } from './cli.ts';

test('Commands take effect on a running server', { timeout: 60_000 }, async (t) => {
  const folder = await createFolder(t);
  const { url, stop } = await startServer(t, folder);
  const password = '  correct horse\t ';
  const created = await execCli(folder, ['users', 'create', '--username', 'jane', '--json'], {
    input: `${password}\r\n`,
  });
  assert.equal(created.code, 0, created.stderr);
  const login = (given: string) =>
    call(`${url}/auth/login`, { body: { username: 'jane', password: given } });
  assert.equal((await login(password.trim())).status, 401);
  const { status, body } = await login(password);
  assert.equal(status, 200);
  const token = body['access_token'];
  assert.equal((await call(`${url}/auth/me`, { token })).status, 200);

  const disabled = await execCli(folder, ['users', 'disable', 'jane']);
  assert.match(disabled.stdout, /^jane is disabled\./);
  // The server polls the log; the timeout of this test is the bound.
  while ((await call(`${url}/auth/me`, { token })).status !== 401) await setTimeout(20);
  assert.equal((await login(password)).status, 403);

  assert.equal((await runCli(folder, ['users', 'enable', 'jane'])).code, 0);
  const reset = await runCli(folder, ['users', 'set-password', 'jane'], {
    piped: 'battery staple',
  });
  assert.equal(reset.code, 0);
  assert.equal((await login(password)).status, 401);
  const again = await login('battery staple');
  assert.equal(again.status, 200);

  const required = await runCli(folder, ['users', 'require-password-change', 'jane']);
  assert.match(required.stdout, /^jane must set a new password at the next sign-in\./);
  const challenged = await login('battery staple');
  assert.equal(challenged.body['code'], 'password_change_required');
  const shown = await runCli(folder, ['users', 'show', 'jane']);
  assert.match(shown.stdout, /password +must be changed since/);
  const changed = await call(`${url}/auth/password`, {
    body: { challenge: challenged.body['challenge'], new_password: 'staple battery' },
  });
  assert.equal(changed.status, 200);

  assert.equal((await runCli(folder, ['users', 'set-role', 'jane', 'admin'])).code, 0);
  const old = again.body['access_token'];
  while ((await call(`${url}/auth/me`, { token: old })).status !== 401) await setTimeout(20);
  const me = await call(`${url}/auth/me`, {
    token: (await login('staple battery')).body['access_token'],
  });
  assert.deepEqual(me.body['roles'], ['admin']);

  for (let n = 0; n < 10; n++) assert.equal((await login('a wrong guess')).status, 401);
  assert.equal((await login('staple battery')).status, 429);
  const released = await runCli(folder, ['users', 'unthrottle', 'jane']);
  assert.equal(released.stdout, 'jane can sign in without a wait.\n');
  // The server looks again within five seconds.
  while ((await login('staple battery')).status === 429) await setTimeout(20);
  const none = await runCli(folder, ['users', 'unthrottle', 'jane']);
  assert.match(none.stdout, /^jane did not have to wait/);
  assert.equal(await stop(), 0);
});

test('A user is created, changed, disabled, enabled and deleted', async (t) => {
  const folder = await createFolder(t);
  const cli = (...args: string[]) => runCli(folder, args);
  const created = await cli(
    ...[
      'users',
      'create',
      '--email',
      'Jane@example.com',
      '--username',
      'jane',
      '--name',
      'Jane Doe',
    ],
    ...['--role', 'admin', '--role', 'editor', '--no-password', '--json'],
  );
  assert.equal(created.code, 0, created.stderr);
  const user = JSON.parse(created.stdout);
  assert.deepEqual(
    [user.username, user.email, user.name],
    ['jane', 'Jane@example.com', 'Jane Doe'],
  );
  assert.deepEqual([user.roles, user.disabled_at], [['admin', 'editor'], null]);

  for (const name of [user.id, user.id.toUpperCase(), 'JANE', 'jane@EXAMPLE.com']) {
    const shown = await cli('users', 'show', name, '--json');
    assert.deepEqual(JSON.parse(shown.stdout), user, name);
  }
  const sheet = await cli('users', 'show', 'jane');
  assert.match(sheet.stdout, /roles +admin, editor\n/);

  const taken = await cli('users', 'create', '--username', 'Jane', '--no-password');
  assert.deepEqual([taken.code, taken.stdout], [1, '']);
  assert.match(taken.stderr, /^error: This username is taken/);

  const roles = async (...args: string[]) =>
    JSON.parse((await cli('users', 'set-role', 'jane', ...args, '--json')).stdout).roles;
  assert.deepEqual(await roles('viewer'), ['viewer']);
  assert.deepEqual(await roles('--none'), []);
  assert.equal((await cli('users', 'set-role', 'jane')).code, 2);
  assert.equal((await cli('users', 'set-role', 'jane', 'a', '--none')).code, 2);
  assert.equal((await cli('users', 'set-role', 'jane', 'not a role')).code, 2);

  const disabled = JSON.parse((await cli('users', 'disable', 'jane', '--json')).stdout);
  assert.equal(typeof disabled.disabled_at, 'string');
  const enabled = JSON.parse((await cli('users', 'enable', 'jane', '--json')).stdout);
  assert.equal(enabled.disabled_at, null);

  const unsure = await cli('users', 'delete', 'jane');
  assert.equal(unsure.code, 2);
  assert.match(unsure.stderr, /--yes/);
  assert.equal((await cli('users', 'delete', 'jane', '--yes')).code, 0);
  const gone = await cli('users', 'show', 'jane');
  assert.deepEqual([gone.code, gone.stdout], [1, '']);
  assert.match(gone.stderr, /^error: There is no user "jane"/);
});

test('users list has pages, for people and for programs', async (t) => {
  const folder = await createFolder(t);
  const cli = (...args: string[]) => runCli(folder, ['users', ...args]);
  for (const name of ['ann', 'bob', 'cid']) {
    await cli('create', '--username', name, '--no-password');
  }
  const pages = await cli('list', '--limit', '2');
  const [header = '', ann = '', bob = '', ...more] = pages.stdout.trimEnd().split('\n');
  assert.deepEqual(more, []);
  assert.match(ann, /^ann .* enabled /);
  assert.equal(header.indexOf('STATE'), bob.indexOf('enabled'));
  const [, after = ''] = /latchkey users list --limit 2 --after (\S+)/.exec(pages.stderr) ?? [];
  const rest = await cli('list', '--after', after, '--json');
  assert.deepEqual(
    JSON.parse(rest.stdout).map(({ username }: { username: string }) => username),
    ['cid'],
  );
  assert.doesNotMatch((await cli('list', '--after', 'bob')).stderr, /more/);
  for (const limit of ['0', '1001', 'x', '1.5']) {
    assert.equal((await cli('list', '--limit', limit)).code, 2, limit);
  }
});

test('users list searches and filters, in a table that fits into 80 columns', async (t) => {
  const folder = await createFolder(t);
  const cli = (args: string[]) => runCli(folder, ['users', ...args], { columns: 80 });
  const long = 'a-very-long-name-that-does-not-fit';
  const give = [
    ['ann', '--email', 'ann@a-quite-long-domain.example.com', '--name', long, '--role', 'editor'],
    ['anton', '--role', 'editor'],
    ['bob', '--email', 'ANNA@example.com'],
  ];
  for (const [name = '', ...more] of give) {
    const created = await cli(['create', '--username', name, '--no-password', ...more]);
    assert.equal(created.code, 0, created.stderr);
  }
  await cli(['disable', 'anton']);
  const find = async (...args: string[]) => {
    const { stdout } = await cli(['list', '--json', ...args]);
    return JSON.parse(stdout).map(({ username }: { username: string }) => username);
  };
  assert.deepEqual(await find('--search', 'An'), ['ann', 'bob', 'anton']);
  assert.deepEqual(await find('--search', 'an', '--role', 'editor'), ['ann', 'anton']);
  assert.deepEqual(await find('--role', 'editor', '--state', 'disabled'), ['anton']);
  assert.deepEqual(await find('--state', 'enabled', '--since', '1h'), ['ann', 'bob']);
  assert.deepEqual(await find('--until', '1h'), []);
  const { stdout, stderr } = await cli(['list', '--search', 'an', '--limit', '2']);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(stdout, /^ann .*… +.*editor +enabled +\d{4}-\d\d-\d\d$/m);
  const [, after = ''] = /users list --search an --limit 2 --after (\S+)/.exec(stderr) ?? [];
  assert.deepEqual(await find('--search', 'an', '--after', after), ['anton']);
  assert.match((await cli(['list', '--search', 'x'])).stdout, /^No user meets/);
  assert.equal((await cli(['list', '--state', 'asleep'])).code, 2);
});

test('The command line removes the last administrator, with a warning', async (t) => {
  const folder = await createFolder(t);
  const cli = (...args: string[]) => runCli(folder, ['users', ...args]);
  for (const name of ['ann', 'bob']) {
    await cli('create', '--username', name, '--role', 'admin', '--no-password');
  }
  assert.equal((await cli('disable', 'ann')).stderr, '');
  for (const act of [
    ['set-role', 'bob', 'x'],
    ['disable', 'bob'],
    ['delete', 'bob', '--yes'],
  ]) {
    await cli('enable', 'bob');
    await cli('set-role', 'bob', 'admin');
    const { code, stderr } = await cli(...act);
    assert.deepEqual(
      [code, /^warning: no enabled user has the role admin/.test(stderr)],
      [0, true],
    );
  }
});

test('sessions are listed and ended', async (t) => {
  const folder = await createFolder(t);
  const { url, stop } = await startServer(t, folder);
  const jane = { username: 'jane', password: 'correct horse' };
  const { body } = await call(`${url}/auth/register`, { body: jane });
  const token = body['access_token'];
  const cli = (...args: string[]) => runCli(folder, ['sessions', ...args], { columns: 80 });
  const [first] = JSON.parse((await cli('list', 'jane', '--json')).stdout);
  assert.equal(first.address, '127.0.0.1');
  const table = (await cli('list', 'jane')).stdout;
  for (const line of table.split('\n')) assert.ok(line.length <= 80, line);
  assert.ok(table.includes(first.id));
  assert.match((await cli('end', 'jane', first.id)).stdout, /^One session of jane ended/);
  while ((await call(`${url}/auth/me`, { token })).status !== 401) await setTimeout(20);
  assert.equal((await cli('end', 'jane', first.id)).code, 1);
  await call(`${url}/auth/login`, { body: jane });
  assert.match((await cli('end', 'jane', '--all')).stdout, /^All sessions of jane ended/);
  assert.match((await cli('list', 'jane')).stdout, /^jane has no sessions/);
  for (const wrong of [
    ['end', 'jane'],
    ['end', 'jane', 'x', '--all'],
  ]) {
    assert.equal((await cli(...wrong)).code, 2);
  }
  assert.equal(await stop(), 0);
});

test('Control characters in a name do not reach the terminal', async (t) => {
  const folder = await createFolder(t);
  await runCli(folder, [
    'users',
    'create',
    '-u',
    'eve',
    '--no-password',
    '--name',
    '\u001b[2J\u202eevil\n',
  ]);
  for (const command of [['list'], ['show', 'eve']]) {
    const { stdout } = await runCli(folder, ['users', ...command]);
    assert.match(stdout, /\\u\{1b\}\[2J\\u\{202e\}evil\\u\{a\}/);
    assert.ok(!stdout.includes('\u001b') && !stdout.includes('\u202e'));
  }
});

test('At a terminal, a password is typed twice and never shown', async (t) => {
  const folder = await createFolder(t);
  const create = ['users', 'create', '--username'];
  const good = await runCli(folder, [...create, 'ann'], {
    typed: ['hunter22 \r', 'hunter22 \r'],
  });
  assert.equal(good.code, 0, good.stderr);
  assert.equal(good.stderr, 'New password: \nRepeat the password: \n');
  assert.doesNotMatch(good.stdout, /hunter22/);
  assert.deepEqual([good.rawModes[0], good.rawModes.at(-1)], [true, false]);

  const slip = await runCli(folder, [...create, 'bob'], {
    typed: ['hunter22\r', 'hunter23\r', 'hunter2\u007f24\r', 'hunter24\r'],
  });
  assert.equal(slip.code, 0, slip.stderr);
  assert.match(slip.stderr, /They do not match\. Try again\./);
  assert.doesNotMatch(slip.stderr, /hunter/);

  for (const [name, key] of [
    ['cid', '\u0003'],
    ['dan', '\u0004'],
  ] as const) {
    const cancelled = await runCli(folder, [...create, name], { typed: [key] });
    assert.deepEqual([cancelled.code, cancelled.rawModes.at(-1)], [1, false]);
    assert.match(cancelled.stderr, /Cancelled\. Nothing was changed/);
    assert.equal((await runCli(folder, ['users', 'show', name])).code, 1);
  }

  // Only Enter ends a line.
  const odd = 'hunter\u202822\u2029\u0085';
  const pasted = await runCli(folder, [...create, 'eve'], { typed: [`${odd}\r`, `${odd}\r`] });
  assert.equal(pasted.code, 0, pasted.stderr);

  const { url, stop } = await startServer(t, folder);
  const login = (username: string, password: string) =>
    call(`${url}/auth/login`, { body: { username, password } });
  assert.equal((await login('ann', 'hunter22 ')).status, 200);
  assert.equal((await login('eve', odd)).status, 200);
  assert.equal((await login('bob', 'hunter24')).status, 200);
  await stop();
});

test('At a terminal, users delete asks for confirmation, and the default is no', async (t) => {
  const folder = await createFolder(t);
  await runCli(folder, ['users', 'create', '-u', 'ann', '--no-password']);
  const no = await runCli(folder, ['users', 'delete', 'ann'], { typed: ['\r'] });
  assert.equal(no.code, 1);
  assert.match(no.stderr, /Delete ann \([\w-]+\) permanently\? \[y\/N\]/);
  assert.equal((await runCli(folder, ['users', 'show', 'ann'])).code, 0);
  const yes = await runCli(folder, ['users', 'delete', 'ann'], { typed: ['y\r'] });
  assert.equal(yes.code, 0, yes.stderr);
  assert.equal((await runCli(folder, ['users', 'show', 'ann'])).code, 1);
});

test('A password on standard input must be one line of text', async (t) => {
  const folder = await createFolder(t);
  const create = ['users', 'create', '--username', 'ann'];
  const cases: [string | Buffer, RegExp][] = [
    ['', /Standard input is empty\. Write the password/],
    ['\n', /Standard input is empty\. Write the password/],
    ['first line\nsecond line\n', /several lines/],
    ['two line breaks\n\n', /several lines/],
    [Buffer.from([0x70, 0x61, 0x73, 0x73, 0xff, 0xfe, 0x70, 0x61, 0x73, 0x73]), /not valid UTF-8/],
    ['x'.repeat(20_000), /too long/],
    ['short', /at least 8/],
  ];
  for (const [piped, says] of cases) {
    const { code, stdout, stderr } = await runCli(folder, create, { piped });
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, says);
  }
  assert.equal((await runCli(folder, ['users', 'show', 'ann'])).code, 1);
});

test('A password on the command line is refused and not repeated', async (t) => {
  const folder = await createFolder(t);
  for (const flag of [['--password', 'hunter22'], ['--password=hunter22']]) {
    for (const command of [
      ['create', '-u', 'ann'],
      ['set-password', 'ann'],
    ]) {
      const { code, stdout, stderr } = await runCli(folder, ['users', ...command, ...flag]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /^error: --password would show the password/);
      assert.doesNotMatch(stderr, /hunter22/);
    }
  }
});

test('Commands that need a database do not create one', async (t) => {
  const folder = await createFolder(t);
  for (const command of [
    ['users', 'list'],
    ['users', 'disable', 'ann'],
    ['keys', 'list'],
  ]) {
    const { code, stderr } = await runCli(folder, command);
    assert.equal(code, 1);
    assert.match(stderr, /^error: There is no database at .*--data-dir/);
  }
  assert.equal(existsSync(join(folder, 'data')), false);
});

test('keys list shows no private parts, and creates no key', async (t) => {
  const folder = await createFolder(t);
  await runCli(folder, ['users', 'create', '-u', 'ann', '--no-password']);
  assert.deepEqual(JSON.parse((await runCli(folder, ['keys', 'list', '--json'])).stdout), []);

  const { url, stop } = await startServer(t, folder);
  const { body } = await call(`${url}/.well-known/jwks.json`);
  await stop();
  const { stdout } = await runCli(folder, ['keys', 'list', '--json']);
  const keys = JSON.parse(stdout);
  assert.deepEqual(
    keys.map(({ kid }: { kid: string }) => kid),
    Array.isArray(body['keys']) ? body['keys'].map(({ kid }) => kid) : [],
  );
  const times = ['created_at', 'active_at', 'retired_at', 'revoked_at'];
  const names = ['kid', 'algorithm', 'state', ...times];
  assert.deepEqual(Object.keys(keys[0]), names);
  assert.deepEqual([keys[0].algorithm, keys[0].state], ['ES256', 'signing']);

  const table = await runCli(folder, ['keys', 'list']);
  assert.match(
    table.stdout,
    /^KEY +ALGORITHM +STATE +SIGNS FROM +ACCEPTED UNTIL\n\S+ +ES256 +signing /,
  );
});

suite('a database that cannot be looked at', { skip: process.platform === 'win32' }, () => {
  /** As a user without rights: root may look everywhere. */
  async function asNobody<T>(work: () => Promise<T>): Promise<T> {
    if (process.geteuid?.() !== 0) return work();
    process.seteuid?.('nobody');
    try {
      return await work();
    } finally {
      process.seteuid?.(0);
    }
  }

  test('is not called absent', async (t) => {
    const folder = await createFolder(t);
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'data', 'latchkey.db'), '');
    await chmod(join(folder, 'data'), 0o000);
    for (const args of [
      ['users', 'list'],
      ['backup', join(folder, 'x'), '--data-dir', join(folder, 'data')],
      ['migrate-database', '--from', `sqlite:${folder}/data/latchkey.db`, '--to', 'sqlite:/tmp/no'],
    ]) {
      const { code, stderr } = await asNobody(() => runCli(folder, args));
      assert.equal(code, 1);
      assert.match(stderr, /may not read the folder of .*EACCES.*sudo -u/);
      assert.doesNotMatch(stderr, /no database/);
    }
  });

  test('is named as what it is', async (t) => {
    const folder = await createFolder(t);
    const [file, loop, directory] = ['file', 'loop', 'directory'].map((it) => join(folder, it));
    await writeFile(file ?? '', '');
    await symlink(loop ?? '', loop ?? '');
    await mkdir(join(directory ?? '', 'latchkey.db'), { recursive: true });
    for (const [path, reason] of [
      [file, /is a file, not a folder \(ENOTDIR\)/],
      [loop, /symbolic links that form a loop \(ELOOP\)/],
      [directory, /is not a file/],
      [join(folder, 'a'.repeat(300)), /too long \(ENAMETOOLONG\)/],
      [join(folder, 'absent'), /There is no database at/],
    ] as const) {
      const { code, stderr } = await runCli(folder, [
        'backup',
        join(folder, 'x'),
        '--data-dir',
        path ?? '',
      ]);
      assert.equal(code, 1);
      assert.match(stderr, reason);
    }
  });

  test('is refused where another user owns it', async (t) => {
    if (process.geteuid?.() !== 0) return t.skip('only root can make files of two users');
    const folder = await createFolder(t);
    const data = join(folder, 'data');
    await runCli(folder, ['users', 'create', '--username', 'jane'], { piped: 'correct horse\n' });
    for (const name of await readdir(data)) await chown(join(data, name), 1234, 1234);
    await chown(data, 1234, 1234);
    await chmod(folder, 0o755);
    await chmod(data, 0o755);
    const { code, stderr } = await asNobody(() => runCli(folder, ['users', 'list']));
    assert.notEqual(code, 0);
    assert.match(stderr, /belongs to another user \(uid 1234\).*Run the server as that user/);
    return undefined;
  });
});
