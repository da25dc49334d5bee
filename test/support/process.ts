import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after } from 'node:test';

/** How a process ended: by its exit code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that a test has started. It is killed when the tests of the file are over. */
export interface TestProcess {
  /** What it has written so far, to both streams. */
  output(): string;
  /**
   * Resolves once what it has written matches; rejects, with all of that, when it ends before or takes
   * longer than 30 s.
   */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal, SIGTERM by default, and waits for the end. It is killed when that takes over 10 s. */
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>;
  /** Waits for the end. */
  readonly ended: Promise<ProcessEnd>;
}

const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 10_000;

const running = new Set<ChildProcess>();
after(async () => {
  await Promise.all(
    [...running].map(async (child) => {
      child.kill('SIGKILL');
      await once(child, 'close');
    }),
  );
});

/**
 * Starts Node with these arguments. The environment is the one given and nothing else but PATH and where Node keeps
 * compiled code.
 */
export function startNode(
  args: readonly string[],
  options: { cwd: string; env?: Readonly<Record<string, string | undefined>> },
): TestProcess {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    env: { PATH, NODE_COMPILE_CACHE, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      child.emit('output');
    });
  }
  // Once its streams are closed as well: by then everything it wrote is here, its children's words included.
  const ended = once(child, 'close').then(([code, signal]): ProcessEnd => {
    running.delete(child);
    return { code, signal };
  });

  return {
    output: () => text,
    ended,
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const fail = (why: string) => {
          finish();
          reject(new Error(`The process ${why} before it wrote ${pattern}. It wrote:\n${text}`));
        };
        const look = () => {
          const match = pattern.exec(text);
          if (match === null) return;
          finish();
          resolve(match);
        };
        const onEnd = () => fail('ended');
        const timer = setTimeout(() => fail('took too long'), START_TIMEOUT);
        const finish = () => {
          clearTimeout(timer);
          child.off('output', look).off('close', onEnd);
        };
        child.on('output', look).on('close', onEnd);
        look();
      }),
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT);
      const end = await ended;
      clearTimeout(timer);
      return end;
    },
  };
}
