import { describeFailure } from '../describe-failure.ts';
import { exitCode } from '../exit-code.ts';
import type { CliIo, Console } from './console.ts';

/** What surrounds the commands of this process. */
export function readSurroundings(): CliIo {
  const { argv, env, stdout, stderr } = process;
  return {
    argv: argv.slice(2),
    env,
    // Asking for it opens it, which few commands need.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
  };
}

/** Ends the process on what nobody caught, and says it in one line: a stack may hold what is secret. */
export function endOnFailure(console: Console, prefix = ''): void {
  const end = (error: unknown) => {
    console.fail(`${prefix}${describeFailure(error).message}`);
    process.exit(exitCode.failure);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read it (`| head`) has seen enough; the work goes on.
    if (error.code !== 'EPIPE') end(error);
  });
}
