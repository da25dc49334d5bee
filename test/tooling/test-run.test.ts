import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startNode } from '../support/process.ts';

const root = join(import.meta.dirname, '../..');

/** Runs one test file as `npm test` does, and resolves to what it printed. */
async function runFile(name: string, env: Readonly<Record<string, string>>): Promise<string> {
  const script = `
    import { runTests } from './scripts/test-run.ts';
    const { ok } = await runTests({ files: ['test/tooling/fixtures/${name}.ts'] });
    console.log(ok ? 'passed' : 'failed');`;
  const run = startNode(['--input-type=module', '--eval', script], { cwd: root, env });
  await run.ended;
  return run.output();
}

test('A run that reaches its limit says so, and names what was running', async () => {
  const output = await runFile('hangs', { TEST_MINUTES: '0.03' });
  assert.match(output, /The limit of 0\.03 minutes for the whole run was reached/);
  assert.match(output, /Interrupted while running:[\s\S]*hangs\.ts/);
  assert.match(output, /failed\n$/);
});

test('A test that fails leaves no process behind and does not hang', async () => {
  const output = await runFile('fails-and-leaves', {
    TEST_EXIT_LIMIT_MS: '100',
    TEST_MINUTES: '0.3',
  });
  assert.match(output, /the assertion that fails/);
  assert.match(output, /these resources keep its process alive: .*TCPServerWrap/);
  // The child holds the output of the run open, so the run can end only after the child has.
  assert.doesNotMatch(output, /The limit of/);
});
