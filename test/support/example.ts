import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { startNode, type TestProcess } from './process.ts';
import { sendTo, type TestAnswer, type TestRequest } from './server.ts';

const root = join(import.meta.dirname, '../..');

export interface RunningExample {
  /** What its opening comment says to paste into a terminal, for the address where it listens. */
  readonly commands: readonly string[];
  readonly url: string;
  readonly process: TestProcess;
  send(path: string, request?: TestRequest): Promise<TestAnswer>;
  /** Ends it by a signal, and asserts that it ends well and leaves nothing behind. */
  end(signal: 'SIGTERM' | 'SIGINT'): Promise<void>;
}

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** What `npm run example NAME` runs, in a folder of its own, which also is its folder for temporary files. */
export function runExample(
  name: string,
  { envFile, ...env }: Readonly<Record<string, string>> = {},
): { process: TestProcess; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  folders.push(folder);
  if (envFile !== undefined) writeFileSync(join(folder, '.env'), envFile);
  const args = ['--conditions=latchkey-source', join(root, 'scripts/example.ts'), name];
  const process = startNode(args, { cwd: folder, env: { PORT: '0', TMPDIR: folder, ...env } });
  return { process, folder };
}

/** Starts an example and waits for the line that says where it listens. */
export async function startExample(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningExample> {
  const { process, folder } = runExample(name, env);
  const [, url = ''] = await process.waitFor(/^Listening on (http:\/\/127\.0\.0\.1:\d+)\b.*\n/m);
  return {
    url,
    process,
    commands: readCommands(name).map((each) => each.replaceAll('http://127.0.0.1:8000', url)),
    send: (path, request) => sendTo(url + path, request),
    async end(signal) {
      const data = () => readdirSync(folder).filter((each) => each.startsWith('latchkey-example'));
      assert.equal(data().length, env['LATCHKEY_DATA_DIR'] === undefined ? 1 : 0);
      const end = await process.stop(signal);
      assert.deepEqual(end, { code: 0, signal: null }, process.output());
      assert.deepEqual(data(), []);
    },
  };
}

function readCommands(name: string): readonly string[] {
  const text = readFileSync(join(root, 'examples', `${name}.ts`), 'utf8');
  return [...text.matchAll(/^\/\/ +(?:Try: )?(curl .+)$/gm)].map(([, command = '']) => command);
}

/** A port that is free now, for an example whose address must be known beforehand. */
export async function findFreePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof address === 'object' && address !== null);
  return String(address.port);
}
