import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { startServer } from '../support/server.ts';

const root = join(import.meta.dirname, '../..');

/** The block that a reader pastes into a terminal. */
function readBlock(): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  const block = blocks.find((each) => each.includes('/auth/register'));
  assert.ok(block);
  return block;
}

async function paste(command: string, file: string, args: readonly string[]) {
  // Node and curl, and nothing of ours.
  const PATH = [dirname(process.execPath), '/usr/bin', '/bin'].join(':');
  const child = spawn(file, args, { env: { PATH }, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(command);
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, 'exit');
  assert.equal(child.exitCode, 0, complaints);
  return { output, complaints };
}

for (const [file, ...args] of [
  ['sh', '-eu'],
  ['bash', '-eu'],
  ['bash', '-c', 'eval "$(cat)"'],
]) {
  test(`the README's first steps can be pasted as a whole: ${[file, ...args].join(' ')}`, async (t) => {
    const server = await startServer();
    t.after(() => server.close());
    const block = readBlock().replaceAll('http://127.0.0.1:8000', server.url);
    const { output } = await paste(block, file ?? 'sh', args);
    const [registered, loggedIn, me, refreshed] = output
      .split('\n')
      .slice(0, 4)
      .map((line) => JSON.parse(line));
    assert.equal(registered.user.username, 'jane');
    assert.ok(loggedIn.refresh_token && refreshed.access_token);
    assert.equal(me.username, 'jane');
    assert.match(output, /^HTTP\/1.1 204 /m);
    const { access_token: token } = refreshed;
    assert.equal((await server.send('/auth/me', { token })).status, 401);
    // zsh takes a comment for a command unless told otherwise: it must not open a quote or a pattern.
    for (const [comment] of block.matchAll(/^#.*$/gm))
      assert.doesNotMatch(comment, /['"`?*()[\]$<>&;|]/);
  });
}
