import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../kernel/system-random.ts';
import { exitCode } from '../shell/exit-code.ts';
import { CommandFailed, UsageError } from '../shell/failures.ts';
import type { Console } from '../shell/terminal/console.ts';
import type { ServePlan } from './serve-plan.ts';

/** What a worker is told, and what it reports. */
export type Order =
  | { readonly serve: ServePlan }
  /** ms to go on serving, while `/readyz` says otherwise. */
  | { readonly stop: { readonly drain: number } };
export type Report =
  | { readonly listening: true }
  /** It cannot serve, and says why: in the words of the program, with its exit code. */
  | { readonly failure: { readonly message: string; readonly code: number } };

/** Of a worker that lived as long, in ms, its end says nothing about the next one's chances. */
const steady = 10_000;
/** ms before a worker is replaced; doubled for each that dies young, and none for the first. */
const firstPause = 250;
const longestPause = 10_000;
/** ms beyond its own patience that a worker may take to stop. */
const stopLimit = 15_000;

/** The worker's file beside this one: TypeScript in the sources, JavaScript once built. */
const workerFile = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? './serve-worker.ts' : './serve-worker.js',
    import.meta.url,
  ),
);

/**
 * Processes that serve on one port. This one accepts the connections and hands them out in turn; a
 * worker that dies is replaced. What it had under way is lost; a connection that was just being handed to
 * it may stay silent until its client gives up. Workers that serve go on whatever becomes of a replacement.
 */
export class WorkerSupervisor {
  readonly #console: Console;
  readonly #plan: ServePlan;
  readonly #workers = new Set<Worker>();
  /** Those of the workers that listen. */
  readonly #serving = new Set<Worker>();
  readonly #pending = new Set<NodeJS.Timeout>();
  readonly #failed = Promise.withResolvers<never>();
  readonly #complete = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #count: number;
  /** Whether all of them listened at one time. */
  #hasStarted = false;
  /** How many died young one after another. */
  #diedYoung = 0;
  /** Why the last replacement could not serve, so that it is said once. */
  #toldFailure: string | undefined;
  #stopping = false;
  #allWell = true;

  private constructor(console: Console, plan: ServePlan, count: number) {
    this.#console = console;
    this.#plan = plan;
    this.#count = count;
    // Told to whoever waits; nobody has to.
    this.#failed.promise.catch(() => {});
    // A plan holds a set, which JSON does not carry.
    cluster.setupPrimary({ exec: workerFile, args: [], serialization: 'advanced' });
    for (let i = 0; i < count; i++) this.#fork();
  }

  /**
   * Resolves once all of them listen.
   * @throws {UsageError} when one reports a setting that is wrong
   * @throws {CommandFailed} when one reports another reason why it cannot serve
   */
  static async start(console: Console, plan: ServePlan, count: number): Promise<WorkerSupervisor> {
    const crew = new WorkerSupervisor(console, plan, count);
    await Promise.race([crew.#complete.promise, crew.#failed.promise]);
    return crew;
  }

  /** Rejects when the workers cannot serve any more, and none is left. See {@link WorkerSupervisor.start} for why. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  get pids(): number[] {
    return [...this.#workers].flatMap(({ process: { pid } }) => (pid === undefined ? [] : [pid]));
  }

  /** Has each finish the requests under way. @returns whether all of them did */
  async stop(drain = this.#plan.drain): Promise<boolean> {
    this.#stopReplacing();
    for (const worker of this.#workers) tell(worker, { stop: { drain } });
    const limit = setTimeout(() => this.#kill(), drain + stopLimit);
    await this.#gone.promise;
    clearTimeout(limit);
    return this.#allWell;
  }

  /** Ends those that are left, each after the requests it has under way, and says why. */
  async #fail(error: Error): Promise<void> {
    await this.stop(0);
    this.#failed.reject(error);
  }

  #fork(): void {
    const worker = cluster.fork();
    const born = systemClock.elapsed();
    this.#workers.add(worker);
    // A worker that is just dying cannot be told; its exit tells us.
    worker.on('error', () => {});
    worker.on('message', (report: Report) => {
      if ('failure' in report) this.#onFailure(worker, report.failure);
      else this.#onListening(worker);
    });
    worker.on('exit', (code: number | null, signal: string | null) => {
      this.#workers.delete(worker);
      this.#serving.delete(worker);
      if (this.#stopping) this.#onStopped(code);
      else this.#replace(worker, systemClock.elapsed() - born, signal ?? `exit code ${code}`);
    });
    tell(worker, { serve: this.#plan });
  }

  #onListening(worker: Worker): void {
    this.#serving.add(worker);
    this.#toldFailure = undefined;
    if (this.#serving.size < this.#count) return;
    this.#hasStarted = true;
    this.#complete.resolve();
  }

  #replace(worker: Worker, lived: number, end: string): void {
    this.#diedYoung = lived < steady ? this.#diedYoung + 1 : 0;
    const pause =
      this.#diedYoung < 2 ? 0 : Math.min(firstPause * 2 ** (this.#diedYoung - 2), longestPause);
    const when = pause === 0 ? 'now' : `in ${pause / 1000} seconds`;
    this.#console.warn(`worker ${worker.process.pid} ended (${end}). Another one starts ${when}.`);
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      this.#fork();
    }, pause);
    this.#pending.add(timer);
  }

  /**
   * A failure ends the start. Later it may pass, as a database out of reach does, and workers that serve must not
   * fall with a replacement: it is tried again. Only a wrong setting that leaves no worker at all ends the rest.
   */
  #onFailure(worker: Worker, { message, code }: { message: string; code: number }): void {
    if (this.#stopping) return;
    const isWrongSetting = code === exitCode.usage;
    if (!this.#hasStarted || (isWrongSetting && this.#serving.size === 0)) {
      void this.#fail(isWrongSetting ? new UsageError(message) : new CommandFailed(message));
      return;
    }
    if (message === this.#toldFailure) return;
    this.#toldFailure = message;
    this.#console.warn(`worker ${worker.process.pid} cannot serve: ${message}`);
  }

  #stopReplacing(): void {
    this.#stopping = true;
    for (const timer of this.#pending) clearTimeout(timer);
    if (this.#workers.size === 0) this.#gone.resolve();
  }

  #onStopped(code: number | null): void {
    if (code !== exitCode.ok) this.#allWell = false;
    if (this.#workers.size === 0) this.#gone.resolve();
  }

  #kill(): void {
    for (const worker of this.#workers) worker.process.kill('SIGKILL');
  }
}

function tell(worker: Worker, order: Order): void {
  if (worker.isConnected()) worker.send(order);
}
