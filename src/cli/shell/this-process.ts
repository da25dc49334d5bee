import { describeFailure } from './describe-failure.ts';
import { exitCode } from './exit-code.ts';
import type { CliIo, Console } from './terminal/console.ts';

/** How long an open handle may keep the process alive after its work is done. */
const EXIT_LIMIT_MS = 1_000;

/** The arguments, environment and streams of this process. */
export function readProcessIo(): CliIo {
  const { argv, env, stdout, stderr } = process;
  return {
    argv: argv.slice(2),
    env,
    // Reading this property opens standard input, which few commands need.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
  };
}

/** Ends the process on an uncaught error, and prints one line: a stack may contain secrets. */
export function endOnFailure(console: Console, prefix = ''): void {
  const end = (error: unknown) => {
    console.fail(`${prefix}${describeFailure(error).message}`);
    process.exit(exitCode.failure);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader, such as `head`, has closed the pipe. The command still finishes its work.
    if (error.code !== 'EPIPE') end(error);
  });
}

/**
 * Ends the process after a short wait if it does not end by itself. An open handle, such as a connection that the other
 * side does not close, could keep a program alive that has reported why it cannot start, so no service manager would
 * restart it.
 */
export function endSoon(): void {
  setTimeout(() => {
    // The empty writes wait for earlier output.
    process.stdout.write('', () => process.stderr.write('', () => process.exit()));
  }, EXIT_LIMIT_MS).unref();
}
