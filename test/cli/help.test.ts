import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { listOptions } from '../../src/cli/shell/parse-call.ts';
import { settingTable } from '../../src/config/setting-table.ts';
import { createFolder, execCli, runCli } from './cli.ts';

const folder = tmpdir();

test('Help lists every command and option, and the examples in it can be parsed', async () => {
  const all = await runCli(folder, ['--help']);
  assert.equal(all.code, 0);
  for (const [name, load] of commands) {
    const command = await load();
    assert.equal(command.name, name);
    assert.ok(all.stdout.includes(`  ${name} `), name);
    const { code, stdout } = await runCli(folder, [...name.split(' '), '--help']);
    assert.equal(code, 0);
    assert.ok(stdout.includes(`latchkey ${name}`));
    for (const option of listOptions(command).keys()) assert.ok(stdout.includes(`--${option}`));
    for (const example of command.examples) {
      assert.ok(example.startsWith(name));
      assert.ok(stdout.includes(`latchkey ${example}`));
    }
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
  }
});

test('serve accepts every setting that has a flag', async () => {
  const { stdout } = await runCli(folder, ['serve', '--help']);
  assert.match(
    stdout.replaceAll(/\s+/g, ' '),
    /LATCHKEY_DATABASE_URL_FILE, LATCHKEY_SECRET_FILE, LATCHKEY_MAIL_URL_FILE\./,
  );
  for (const { flag, variable, default: fallback } of Object.values(settingTable)) {
    if (flag === undefined) continue;
    assert.ok(stdout.includes(`--${flag} <`), flag);
    assert.ok(stdout.includes(`${variable}, default: ${fallback}`), variable);
  }
  assert.doesNotMatch(stdout, /--secret/);
});

test('All ways to ask for help print the same help', async () => {
  const [users] = await Promise.all([runCli(folder, ['users', '--help'])]);
  assert.match(users.stdout, /users set-password/);
  assert.doesNotMatch(users.stdout, /keys list/);
  assert.equal((await runCli(folder, ['help', 'users'])).stdout, users.stdout);
  const show = (await runCli(folder, ['users', 'show', '-h'])).stdout;
  assert.match(show, /latchkey users show USER \[options\]/);
  assert.equal((await runCli(folder, ['help', 'users', 'show'])).stdout, show);
  assert.equal((await runCli(folder, ['help'])).stdout, (await runCli(folder, ['--help'])).stdout);
});

test('A call without a command prints help as an error', async () => {
  for (const args of [[], ['users']]) {
    const { code, stdout, stderr } = await runCli(folder, args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /users create/);
  }
});

test('A typing error gets a suggestion and exit code 2', async () => {
  const cases: [string[], RegExp][] = [
    [['serv'], /Did you mean "serve"\?/],
    [['user', 'list'], /Did you mean "users"\?/],
    [['users', 'lst'], /Did you mean "users list"\?/],
    [['wombat'], /See: latchkey --help/],
    [['users', 'list', '--jsn'], /Did you mean --json\?/],
    [['users', 'list', '-z'], /-z is not an option of "users list"/],
    [['users', 'list', '--json=yes'], /--json takes no value/],
    [['users', 'show'], /"users show" needs USER/],
    [['users', 'create'], /--username, --email or both/],
    [['--port', '1'], /Give a command before --port/],
    [['constructor'], /not a command/],
    [['users', '__proto__'], /not a command/],
    [['users', 'list', '--constructor'], /not an option/],
  ];
  for (const [args, says] of cases) {
    const { code, stdout, stderr } = await runCli(folder, args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, says);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  }
});

test('--version prints the version of the package', async (t) => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  assert.deepEqual(await execCli(await createFolder(t), ['--version']), {
    code: 0,
    stdout: `${version}\n`,
    stderr: '',
  });
});
