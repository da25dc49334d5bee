import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const hasherUrl = new URL('../../src/hasher/password-hasher.ts', import.meta.url).href;

/** Runs a script that ends when, and only when, nothing keeps it alive. */
async function runScript(body: string): Promise<string> {
  const script = `
    import { createPasswordHasher } from ${JSON.stringify(hasherUrl)};
    const hasher = createPasswordHasher({ memoryCost: 64, timeCost: 1, threads: 2 });
    ${body}`;
  // --input-type must not reach the workers: they could not start with it.
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 20_000,
  });
  return stdout;
}

suite('a process with a hasher', () => {
  test('runs until every job is done, and then ends by itself', async () => {
    const printed = await runScript(`
      for (let at = 0; at < 6; at++) hasher.hash('x').then(() => process.stdout.write('done '));
    `);
    assert.equal(printed, 'done '.repeat(6));
  });

  test('runs until a job on an idle worker is done', async () => {
    const printed = await runScript(`
      await hasher.hash('x');
      hasher.hash('x').then(() => process.stdout.write('done'));
    `);
    assert.equal(printed, 'done');
  });

  test('runs until close is done', async () => {
    const printed = await runScript(`
      await hasher.hash('x');
      await hasher.close();
      process.stdout.write('closed');
    `);
    assert.equal(printed, 'closed');
  });
});
