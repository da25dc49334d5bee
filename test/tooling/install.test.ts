import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';

const script = join(import.meta.dirname, '../../scripts/install.mjs');
const lock = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/a': { version: '1.2.3' },
    'node_modules/a-win32-x64': { version: '1.2.3', optional: true },
  },
};
const installed = { packages: { 'node_modules/a': { version: '1.2.3' } } };
const oldNode = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.1.0'})`;

/** Stands in for npm: notes how it was called, and installs unless it is told to fail. */
const fakeNpm = `
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
const command = process.argv[2];
appendFileSync('calls', command + (process.env.npm_config_local_prefix ? ' elsewhere' : '') + '\\n');
if (process.env.FAKE_NPM_FAILS?.split(' ').includes(command)) process.exit(1);
mkdirSync('node_modules', { recursive: true });
writeFileSync('node_modules/.package-lock.json', ${JSON.stringify(JSON.stringify(installed))});
`;

suite('the installer', () => {
  let root = '';

  const write = (path: string, content: unknown) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(
      join(root, path),
      typeof content === 'string' ? content : JSON.stringify(content),
    );
  };
  const install = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [...args, join(root, 'scripts/install.mjs')],
      {
        encoding: 'utf8',
        env: {
          ...env,
          npm_execpath: join(root, 'npm-cli.js'),
          npm_config_local_prefix: '/elsewhere',
        },
      },
    );
    const calls = join(root, 'calls');
    const npm = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
    return { status, stderr, npm };
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'latchkey-install-'));
    mkdirSync(join(root, 'scripts'));
    cpSync(script, join(root, 'scripts/install.mjs'));
    write('npm-cli.js', fakeNpm);
    write('package.json', { type: 'module' });
    write('package-lock.json', lock);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test('does nothing when nothing is missing', () => {
    write('node_modules/.package-lock.json', installed);
    assert.deepEqual(install(), { status: 0, stderr: '', npm: [] });
  });

  test('installs into a fresh clone, here and not where npm was called', () => {
    const { status, stderr, npm } = install();
    assert.deepEqual({ status, npm }, { status: 0, npm: ['ci'] });
    assert.match(stderr, /nothing is installed yet/);
    assert.deepEqual(install().npm, ['ci'], 'a second run has nothing to do');
  });

  const outdated: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    'another version': [
      { packages: { 'node_modules/a': { version: '1.0.0' } } },
      /a is 1\.0\.0, but 1\.2\.3 is required/,
    ],
    'a missing package': [{ packages: {} }, /a is missing/],
    'half an install': ['', /was interrupted/],
  };
  for (const [what, [present, expected]] of Object.entries(outdated)) {
    test(`replaces ${what}`, () => {
      write('node_modules/.package-lock.json', present);
      const { status, stderr, npm } = install();
      assert.deepEqual({ status, npm }, { status: 0, npm: ['ci'] });
      assert.match(stderr, expected);
    });
  }

  test('falls back to npm install and leaves the lock file alone', () => {
    const { status, npm } = install([], { FAKE_NPM_FAILS: 'ci' });
    assert.deepEqual({ status, npm }, { status: 0, npm: ['ci', 'install'] });
    assert.equal(readFileSync(join(root, 'package-lock.json'), 'utf8'), JSON.stringify(lock));
  });

  test('fails with advice when npm fails', () => {
    const { status, stderr } = install([], { FAKE_NPM_FAILS: 'ci install' });
    assert.equal(status, 1);
    assert.match(stderr, /npm ping/);
  });

  test('says how to get Node where its binary is missing and the present one is old', () => {
    write('node_modules/.package-lock.json', installed);
    const { status, stderr } = install(['--import', oldNode]);
    assert.equal(status, 1);
    assert.match(stderr, /npm rebuild node/);
  });

  test('never runs inside its own install', () => {
    assert.deepEqual(install([], { INSTALLING_LATCHKEY: '1' }).npm, []);
  });
});
