import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeAfter } from '../../src/kernel/close-after.ts';

test('an error of the work is thrown before one of the close', async () => {
  const succeeds = async () => 'done';
  const fails = async () => {
    throw new Error('the work');
  };
  const closes = async () => {};
  const failsToClose = async () => {
    throw new Error('the close');
  };
  assert.equal(await closeAfter(succeeds, closes), 'done');
  await assert.rejects(closeAfter(succeeds, failsToClose), /the close/);
  await assert.rejects(closeAfter(fails, closes), /the work/);
  await assert.rejects(closeAfter(fails, failsToClose), /the work/);
});
