import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crash, crashRounds, describe } from './harness.ts';

test('SQLite: acknowledged changes survive SIGKILL, and revocations stay', async (t) => {
  const report = await crash(t, { rounds: crashRounds, clients: 8, killAfter: 'random' });
  t.diagnostic(describe(report));
  assert.deepEqual(report.losses, []);
  assert.ok(report.answers > crashRounds, 'there was a load');
});

/** Killed at the very moment of an answer, by a client that does one thing at a time. */
const atOnce = { rounds: 4, clients: 1, killAfter: 3 };

test('SQLite: a change that was acknowledged a moment before survives', async (t) => {
  assert.deepEqual((await crash(t, atOnce)).losses, []);
});

test('the harness detects a writer that answers before its commit', async (t) => {
  const seam = import.meta.resolve('./answer-early.ts');
  const { losses } = await crash(t, { ...atOnce, variables: { NODE_OPTIONS: `--import=${seam}` } });
  t.diagnostic(`${losses.length} losses in ${atOnce.rounds} rounds, such as: ${losses[0]}`);
  assert.notDeepEqual(losses, []);
});
