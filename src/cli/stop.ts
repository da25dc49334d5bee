import { setTimeout as sleep } from 'node:timers/promises';
import type { Console } from './console.ts';
import { exitCode } from './exit-code.ts';

/** ms that requests under way are given. */
const PATIENCE = 10_000;
/** ms within which a second signal is the first one's echo: a terminal and npm both send it on Ctrl-C. */
const ECHO = 500;
/** ms between two looks for connections that have nothing left to do. */
const SWEEP = 25;

/** What there is to stop: Fastify's app, as much of it as matters. */
interface Stoppable {
  /** From now on says that it is not ready, and serves all the same. */
  drain(): void;
  readonly server: { closeIdleConnections(): void };
  close(): PromiseLike<unknown>;
}

/**
 * Listens for SIGINT and SIGTERM from now on, so that none is missed while the server starts. The second
 * one ends the process at once.
 * @returns resolves at the first
 */
export function waitForStop(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let state: 'running' | 'told' | 'impatient' = 'running';
  const onSignal = () => {
    if (state === 'impatient') process.exit(exitCode.failure);
    if (state === 'told') return;
    state = 'told';
    setTimeout(() => {
      state = 'impatient';
    }, ECHO).unref();
    resolve();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return promise;
}

/**
 * Serves for `drain` ms more, then finishes the requests under way and closes everything. What takes too
 * long is cut off, and the process ended.
 */
export async function stopGracefully(
  console: Console,
  app: Stoppable,
  drain: number,
): Promise<void> {
  app.drain();
  if (drain > 0) await sleep(drain);
  setTimeout(() => {
    console.fail(`Requests went on for ${PATIENCE / 1000} seconds; ended without them.`);
    process.exit(exitCode.failure);
  }, PATIENCE).unref();
  // A connection whose last request was under way when the rest were closed would be kept alive.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP);
  // Right after connections were accepted: those that wait to be when listening ends are reset.
  await new Promise(setImmediate);
  await app.close();
  clearInterval(sweep);
}
