import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** Prints every file and built-in module that importing `specifier` loads. */
const script = (specifier: string) => `
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({
  load(url, context, next) {
    loaded.add(url);
    return next(url, context);
  },
});
await import(${JSON.stringify(specifier)});
console.log(JSON.stringify([...loaded]));
`;

function load(specifier: string): string[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--conditions=latchkey-source', '--input-type=module', '-e', script(specifier)],
    { cwd: root, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const loaded: string[] = JSON.parse(stdout);
  assert.ok(loaded.length >= 5, 'the list is of what was loaded');
  return loaded;
}

const packagesOf = (loaded: readonly string[]) => [
  ...new Set(loaded.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])),
];

for (const specifier of [
  'latchkey/guard',
  'latchkey/guard/hono',
  'latchkey/guard/express',
  'latchkey/guard/fastify',
  'latchkey/testing',
]) {
  test(`${specifier} loads no package, and no server, store or hasher of ours`, () => {
    const loaded = load(specifier);
    assert.deepEqual(packagesOf(loaded), []);
    const ours = loaded.flatMap((url) => /\/src\/([a-z]+)/.exec(url)?.[1] ?? []);
    const allowed = ['kernel', 'fast', 'collections', 'jwt', 'revocation', 'guard', 'testing'];
    assert.deepEqual(
      [...new Set(ours)].filter((folder) => !allowed.includes(folder)),
      [],
    );
    assert.ok(!loaded.includes('node:sqlite'));
  });
}

test('the test can fail: the server does load its packages', () => {
  const packages = packagesOf(load('latchkey/server'));
  for (const name of ['fastify', 'cookie']) assert.ok(packages.includes(name), `${packages}`);
});
