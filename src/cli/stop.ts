import type { Console } from './console.ts';
import { exitCode } from './exit-code.ts';

/** ms that requests under way are given. */
const PATIENCE = 10_000;
/** ms within which a second signal is the first one's echo: a terminal and npm both send it on Ctrl-C. */
const ECHO = 500;

/**
 * Resolves once the first SIGINT or SIGTERM came and everything is closed. A second signal, or a close
 * that takes too long, ends the process at once.
 * @returns the exit code
 */
export async function serveUntilStopped(
  console: Console,
  close: () => Promise<unknown>,
): Promise<number> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  let isEcho = true;
  let isStopping = false;
  const onSignal = () => {
    if (isStopping && !isEcho) process.exit(exitCode.failure);
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => {
      isEcho = false;
    }, ECHO).unref();
    stop();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  await stopped;
  console.note('Stopping: finishing the requests under way. Once more to stop at once.');
  setTimeout(() => {
    console.fail(
      `Some requests did not end within ${PATIENCE / 1000} seconds; ended without them.`,
    );
    process.exit(exitCode.failure);
  }, PATIENCE).unref();
  await close();
  return exitCode.ok;
}
