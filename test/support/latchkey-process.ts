import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { findFreePort } from './example.ts';
import { startNode } from './process.ts';
import { PASSWORD, sendTo, type TestAnswer, type TestRequest } from './server.ts';

const root = join(import.meta.dirname, '../..');

export interface RunningLatchkey {
  /** Where it listens, and its issuer. */
  readonly url: string;
  send(path: string, request?: TestRequest): Promise<TestAnswer>;
  /** Registers a user and answers its tokens. */
  register(username: string): Promise<TestAnswer>;
}

const closers: (() => Promise<void>)[] = [];
// Here, as an `after` within a `before` comes right after that.
after(async () => {
  await Promise.all(closers.map((close) => close()));
});

/** `latchkey serve` as a process of its own, its issuer being the address it listens on. */
export async function startLatchkey(
  env: Readonly<Record<string, string>> = {},
): Promise<RunningLatchkey> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  const port = await findFreePort();
  const process = startNode([join(root, 'src/cli/main.ts'), 'serve'], {
    cwd: folder,
    env: { LATCHKEY_PORT: port, LATCHKEY_DATA_DIR: folder, ...env },
  });
  closers.push(async () => {
    await process.stop('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await process.waitFor(new RegExp(url));
  const send = (path: string, request?: TestRequest) => sendTo(url + path, request);
  return {
    url,
    send,
    register: (username) => send('/auth/register', { json: { username, password: PASSWORD } }),
  };
}
