import { Console, type Surroundings } from './console.ts';
import { exitCode } from './exit-code.ts';
import { report, run } from './run.ts';

/** Runs the program in this process. It ends by itself when nothing is left to do. */
export async function runProcess(): Promise<void> {
  const { argv, env, stdout, stderr } = process;
  const surroundings: Surroundings = {
    argv: argv.slice(2),
    env,
    // Asking for it opens it, which few commands need.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
  };
  const console = new Console(surroundings);
  const end = (error: unknown) => {
    report(console, error);
    process.exit(exitCode.failure);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  stderr.on('error', () => {});
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read it (`| head`) has seen enough; the work goes on.
    if (error.code !== 'EPIPE') end(error);
  });
  const code = await run(surroundings);
  process.exitCode ??= code;
}
