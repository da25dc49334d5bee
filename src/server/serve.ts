import cluster from 'node:cluster';
import type { FastifyInstance } from 'fastify';
import { isLatchkeyError } from '../kernel/errors.ts';
import {
  aFunction,
  aNumber,
  assertOptions,
  type OptionChecks,
} from '../kernel/options/check-options.ts';
import {
  endFirstProcessOnSignals,
  leaveSignalsToProgram,
} from '../kernel/process/first-process.ts';
import { runWorkers } from './run-workers.ts';

export interface ServeOptions {
  /**
   * Processes that serve on one port, each with an app of its own. They share the database, so what one
   * of them revokes the others refuse. One that dies is replaced. Default 1: this process.
   */
  readonly workers?: number;
  /** Called once, when the first process listens. Default: prints the address. */
  readonly onListening?: (address: string) => void;
}

const optionChecks = {
  workers: aNumber,
  onListening: aFunction,
} satisfies OptionChecks<ServeOptions>;

/**
 * Runs an app with the plugin as a program: builds it, listens on the host and port of its settings, and
 * closes it on SIGINT or SIGTERM. Where the start fails for a reason that Latchkey can name, such as a
 * weak secret, or because the port is taken, the process ends with exit code 1 and that sentence alone.
 *
 * ```ts
 * await serve(async () => {
 *   const app = Fastify();
 *   await app.register(latchkey);
 *   return app;
 * });
 * ```
 * @param build makes the app; with several workers it runs in each of them, and the file that calls
 *   `serve` does too. What an app throws that is neither of these is thrown on.
 */
export async function serve(
  build: () => FastifyInstance | Promise<FastifyInstance>,
  options: ServeOptions = {},
): Promise<void> {
  assertOptions('serve', options, optionChecks);
  const { workers = 1, onListening = printAddress } = options;
  if (!Number.isSafeInteger(workers) || workers < 1) {
    throw new TypeError('workers: give how many processes are to serve, 1 or more.');
  }
  if (workers > 1 && cluster.isPrimary) {
    runWorkers(workers, onListening);
    return;
  }
  endFirstProcessOnSignals();
  try {
    const app = await build();
    const { host, port } = app.latchkey.settings;
    closeOnSignal(app);
    const address = await app.listen({ host, port });
    if (cluster.isPrimary) onListening(address);
  } catch (error) {
    const sentence = explain(error);
    if (sentence === undefined) throw error;
    console.error(sentence);
    // What was opened before it failed would keep the process running.
    process.exit(1);
  }
}

function printAddress(address: string): void {
  console.log(`Listening on ${address}`);
}

/** How long requests that are under way may take once the process is told to end. */
const CLOSE_LIMIT_MS = 10_000;

/** A terminal signals every process, and the first one passes it on to its workers: they hear it twice. */
function closeOnSignal(app: FastifyInstance): void {
  leaveSignalsToProgram();
  let isClosing = false;
  const close = async () => {
    if (isClosing) return;
    isClosing = true;
    setTimeout(() => process.exit(1), CLOSE_LIMIT_MS).unref();
    await app.close();
    cluster.worker?.disconnect();
  };
  process.on('SIGINT', close).on('SIGTERM', close);
}

/** Undefined where the error says nothing to the person who starts the program. */
function explain(error: unknown): string | undefined {
  if (isLatchkeyError(error)) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'EADDRINUSE')
    return `${error.message}. Give another port, or stop what uses it.`;
  return error.code === 'EACCES' ? `${error.message}. Give a port of 1024 or more.` : undefined;
}
