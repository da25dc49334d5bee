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

/** Options of {@link serve}. Nothing is required. */
export interface ServeOptions {
  /**
   * How many processes serve on one port, each with an app of its own. They share the database, so each of them
   * refuses what another one revoked. A process that dies is replaced. Default 1: this process.
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
 * closes it on SIGINT or SIGTERM, within 10 seconds. If the start fails for a reason that Latchkey can name, such as a
 * weak secret or a taken port, it prints that sentence alone and the process ends with exit code 1.
 *
 * ```ts
 * await serve(async () => {
 *   const app = Fastify();
 *   await app.register(latchkey);
 *   return app;
 * });
 * ```
 * @param build makes the app. Each of several workers runs it, and the file that calls `serve`
 * @throws {InvalidOption} for an unknown option or one of the wrong kind
 * @throws whatever else `build` throws, in the process that runs it
 */
export async function serve(
  build: () => FastifyInstance | Promise<FastifyInstance>,
  options: ServeOptions = {},
): Promise<void> {
  assertOptions('serve', options, optionChecks);
  const { workers = 1, onListening = printAddress } = options;
  if (!Number.isSafeInteger(workers) || workers < 1) {
    throw new TypeError('workers: give the number of processes that serve, 1 or more.');
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
    // What was opened before the failure would keep the process running.
    process.exit(1);
  }
}

function printAddress(address: string): void {
  console.log(`Listening on ${address}`);
}

/** How long requests in progress may take after the signal to end. */
const CLOSE_LIMIT_MS = 10_000;

/** Workers get a terminal's signal twice: from the terminal, and from the first process, which passes it on. */
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

/** The sentence for the person who starts the program. Undefined for an error that has none. */
function explain(error: unknown): string | undefined {
  if (isLatchkeyError(error)) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'EADDRINUSE')
    return `${error.message}. Give another port, or stop what uses it.`;
  return error.code === 'EACCES' ? `${error.message}. Give a port of 1024 or more.` : undefined;
}
