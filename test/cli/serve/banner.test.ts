import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { printBanner } from '../../../src/cli/serve/banner.ts';
import { Flags } from '../../../src/cli/shell/flags.ts';
import { Console } from '../../../src/cli/shell/terminal/console.ts';
import { readSettings } from '../../../src/config/read-settings.ts';
import type { SettingOptions } from '../../../src/config/settings.ts';

async function showBanner(options: SettingOptions, { isTTY = false, env = {} } = {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const console = new Console({
    argv: [],
    env,
    stdin,
    stdout: Object.assign(stdout, { isTTY }),
    stderr,
  });
  const settings = readSettings({ env: {}, envFile: false, options });
  printBanner({ console, flags: new Flags(new Map()) }, settings, {
    created: [],
    pids: [1],
  });
  stdout.end();
  stderr.end();
  return { stdout: await text(stdout), stderr: await text(stderr) };
}

test('The banner warns if passwords would be sent unencrypted over a network, and only then', async () => {
  const issuer = 'https://auth.example.com';
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'auth.example.com']) {
    assert.match((await showBanner({ host })).stderr, /^warning: .*unencrypted.*--issuer https/);
    assert.equal((await showBanner({ host, issuer })).stderr, '');
  }
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
    assert.equal((await showBanner({ host })).stderr, '');
  }
});

test('The banner shows an issuer that was set, and never a secret', async () => {
  const secret = 'q8Zx0pWm4kTn7uVb2sLd9fGh6jYc3rEa';
  const { stdout } = await showBanner({ issuer: 'https://auth.example.com', secret });
  assert.match(stdout, /Issuer +https:\/\/auth\.example\.com\n/);
  assert.doesNotMatch(stdout, /Secret|q8Zx0/);
});

test('The banner says that a database in memory is lost at the end', async () => {
  const { stdout } = await showBanner({ databaseUrl: 'sqlite::memory:' });
  assert.match(stdout, /Database +in memory, lost when the server stops\n/);
});

test('The banner is coloured at a terminal, unless NO_COLOR is set', async () => {
  const colour = '\u001b[';
  assert.ok((await showBanner({}, { isTTY: true })).stdout.includes(colour));
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    assert.ok(!(await showBanner({}, { isTTY: true, env })).stdout.includes(colour));
  }
  assert.ok(!(await showBanner({})).stdout.includes(colour));
});
