import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createFolder, execCli, startServer } from './cli.ts';

/** Code that runs in the process before the program does. */
function before(code: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

test('An old Node.js prints which version is needed', async (t) => {
  const env = before(`Object.defineProperty(process, 'versions', { value: { node: '20.19.1' } })`);
  const { code, stdout, stderr } = await execCli(await createFolder(t), ['serve'], { env });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^error: Latchkey needs Node\.js 24 or newer, and this is 20\.19\.1\.\n/);
  assert.match(stderr, /nodejs\.org/);
});

test('An open handle keeps neither a command nor a failed start alive', async (t) => {
  const folder = await createFolder(t);
  const env = before('setInterval(() => {}, 1e6)');
  const calls = [['--version'], ['users', 'list'], ['serve', '--issuer', 'nonsense']];
  const ended = await Promise.all(calls.map((args) => execCli(folder, args, { env })));
  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 1, 2],
  );
});

test('An uncaught error ends the process and prints only its name and message', async (t) => {
  for (const how of [`throw new TypeError('boom')`, `Promise.reject(new TypeError('boom'))`]) {
    const env = before(`process.on('SIGUSR2', () => { ${how} })`);
    const { child } = await startServer(t, await createFolder(t), [], env);
    const said = child.stderr === null ? '' : text(child.stderr);
    const ended = once(child, 'exit');
    child.kill('SIGUSR2');
    assert.deepEqual(await ended, [1, null]);
    assert.equal(await said, 'error: TypeError: boom\n');
  }
});
