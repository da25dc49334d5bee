import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { findWorkerFile } from '../../kernel/process/worker-file.ts';
import { systemClock } from '../../kernel/system-clock.ts';
import { backOffMs } from '../../kernel/timing/back-off.ts';
import { exitCode } from '../shell/exit-code.ts';
import { CommandFailed, UsageError } from '../shell/failures.ts';
import type { Console } from '../shell/terminal/console.ts';
import type { ServePlan } from './serve-plan.ts';
import type { Order, Report } from './worker-messages.ts';

/** A worker that ran this long resets the restart back-off. */
const STEADY_MS = 10_000;
/** The wait before a worker is replaced. The first one that dies early is replaced without a wait. */
const RESTART = { firstMs: 250, longestMs: 10_000 };
/** How long a worker may take to stop after its drain, which includes the limit for requests in `stop.ts`. */
const STOP_LIMIT_MS = 15_000;

const workerFile = fileURLToPath(findWorkerFile(new URL('./serve-worker.ts', import.meta.url)));

/**
 * Runs several processes that serve on one port. This process accepts the connections and hands them to the workers in
 * turn. A worker that dies is replaced. Its requests in progress are lost, and a connection that was just being handed
 * to it may get no answer until its client gives up. The other workers keep serving even if the replacement fails.
 */
export class WorkerSupervisor {
  readonly #console: Console;
  readonly #plan: ServePlan;
  readonly #workers = new Set<Worker>();
  /** The workers that listen. */
  readonly #serving = new Set<Worker>();
  readonly #pending = new Set<NodeJS.Timeout>();
  readonly #failed = Promise.withResolvers<never>();
  readonly #complete = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #count: number;
  /** Whether all workers have been listening at the same time. */
  #hasStarted = false;
  /** How many in a row died before {@link STEADY_MS}. */
  #earlyDeaths = 0;
  /** Why the last replacement could not serve, so that it is printed once. */
  #lastFailure: string | undefined;
  #stopping = false;
  #allStopped = true;

  private constructor(console: Console, plan: ServePlan, count: number) {
    this.#console = console;
    this.#plan = plan;
    this.#count = count;
    // A rejection that has no other handler must not end the process.
    this.#failed.promise.catch(() => {});
    // A plan holds a set, which JSON does not carry.
    cluster.setupPrimary({ exec: workerFile, args: [], serialization: 'advanced' });
    for (let i = 0; i < count; i++) this.#fork();
  }

  /**
   * Resolves when all workers listen.
   * @throws {UsageError} if one reports a wrong setting
   * @throws {CommandFailed} if one reports another reason why it cannot serve
   */
  static async start(console: Console, plan: ServePlan, count: number): Promise<WorkerSupervisor> {
    const supervisor = new WorkerSupervisor(console, plan, count);
    await Promise.race([supervisor.#complete.promise, supervisor.#failed.promise]);
    return supervisor;
  }

  /** Rejects when no worker can serve any longer, with the errors of {@link WorkerSupervisor.start}. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  get pids(): number[] {
    return [...this.#workers].flatMap(({ process: { pid } }) => (pid === undefined ? [] : [pid]));
  }

  /** Lets each worker finish its requests. @returns whether all of them did */
  async stop(drainMs = this.#plan.drainMs): Promise<boolean> {
    this.#stopReplacing();
    for (const worker of this.#workers) send(worker, { stop: { drainMs } });
    const limit = setTimeout(() => this.#kill(), drainMs + STOP_LIMIT_MS);
    await this.#gone.promise;
    clearTimeout(limit);
    return this.#allStopped;
  }

  /** Stops the remaining workers after their requests, and reports why. */
  async #fail(error: Error): Promise<void> {
    await this.stop(0);
    this.#failed.reject(error);
  }

  #fork(): void {
    const worker = cluster.fork();
    const startedAt = systemClock.elapsed();
    this.#workers.add(worker);
    // Sending to a worker that is dying fails. Its `exit` event follows.
    worker.on('error', () => {});
    worker.on('message', (report: Report) => {
      if ('failure' in report) this.#onFailure(worker, report.failure);
      else this.#onListening(worker);
    });
    worker.on('exit', (code: number | null, signal: string | null) => {
      this.#workers.delete(worker);
      this.#serving.delete(worker);
      if (this.#stopping) this.#onStopped(code);
      else this.#replace(worker, systemClock.elapsed() - startedAt, signal ?? `exit code ${code}`);
    });
    send(worker, { serve: this.#plan });
  }

  #onListening(worker: Worker): void {
    this.#serving.add(worker);
    this.#lastFailure = undefined;
    if (this.#serving.size < this.#count) return;
    this.#hasStarted = true;
    this.#complete.resolve();
  }

  #replace(worker: Worker, livedMs: number, end: string): void {
    this.#earlyDeaths = livedMs < STEADY_MS ? this.#earlyDeaths + 1 : 0;
    const pauseMs = backOffMs(this.#earlyDeaths - 1, RESTART);
    const when =
      pauseMs === 0 ? 'now' : `in ${pauseMs / 1000} ${pauseMs === 1000 ? 'second' : 'seconds'}`;
    this.#console.warn(
      `worker ${worker.process.pid} ended (${end}). A replacement starts ${when}.`,
    );
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      this.#fork();
    }, pauseMs);
    this.#pending.add(timer);
  }

  /**
   * During the start, a failure ends everything. Later it may pass, as when a database cannot be reached, and must not
   * end the workers that serve, so the replacement is tried again. Only a wrong setting ends everything then, once no
   * worker serves.
   */
  #onFailure(worker: Worker, { message, code }: { message: string; code: number }): void {
    if (this.#stopping) return;
    const isWrongSetting = code === exitCode.usage;
    if (!this.#hasStarted || (isWrongSetting && this.#serving.size === 0)) {
      void this.#fail(isWrongSetting ? new UsageError(message) : new CommandFailed(message));
      return;
    }
    if (message === this.#lastFailure) return;
    this.#lastFailure = message;
    this.#console.warn(`worker ${worker.process.pid} cannot serve: ${message}`);
  }

  #stopReplacing(): void {
    this.#stopping = true;
    for (const timer of this.#pending) clearTimeout(timer);
    if (this.#workers.size === 0) this.#gone.resolve();
  }

  #onStopped(code: number | null): void {
    if (code !== exitCode.ok) this.#allStopped = false;
    if (this.#workers.size === 0) this.#gone.resolve();
  }

  #kill(): void {
    for (const worker of this.#workers) worker.process.kill('SIGKILL');
  }
}

function send(worker: Worker, order: Order): void {
  if (worker.isConnected()) worker.send(order);
}
