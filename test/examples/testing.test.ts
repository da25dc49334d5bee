import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startNode } from '../support/process.ts';

const root = join(import.meta.dirname, '../..');
const source = '--conditions=latchkey-source';

test("the example of tests with Node's own runner passes", async () => {
  const args = [source, '--test', '--test-reporter=tap', 'examples/testing/node.test.ts'];
  const run = startNode(args, { cwd: root, env: {} });
  assert.deepEqual(await run.ended, { code: 0, signal: null }, run.output());
  assert.match(run.output(), /^# pass 5$/m);
});

test('the example of tests with Vitest passes', async () => {
  const config = 'examples/testing/vitest.config.ts';
  const file = 'examples/testing/vitest.test.ts';
  const args = [source, 'node_modules/vitest/vitest.mjs', 'run', '--config', config, file];
  const env = { NODE_OPTIONS: source, NO_COLOR: '1', CI: '1' };
  const run = startNode(args, { cwd: root, env });
  assert.deepEqual(await run.ended, { code: 0, signal: null }, run.output());
  assert.match(run.output(), /Tests +5 passed/);
});
