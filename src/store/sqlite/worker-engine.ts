import { Worker } from 'node:worker_threads';
import type { Notice } from '../../auth/notice.ts';
import { StoreUnavailable } from '../../kernel/errors.ts';
import { findWorkerFile } from '../../kernel/process/worker-file.ts';
import { settlesWithin } from '../../kernel/timing/settles-within.ts';
import type { Opening } from '../opening.ts';
import type { ChangeListener } from './change-watch.ts';
import type { SqliteLocation } from './connection.ts';
import type { Engine } from './engine.ts';
import type { Call, Outcome } from './executor.ts';
import { type Failure, toError } from './failures.ts';
import type { Order, Report } from './worker.ts';

const workerFile = findWorkerFile(new URL('./worker.ts', import.meta.url));

/** How long the thread may take to move the write-ahead log into the file. */
const CLOSE_LIMIT_MS = 2_000;
/** How long it may take to end. */
const TERMINATION_LIMIT_MS = 1_000;

/**
 * Runs the database on a thread of its own. If the thread dies, its batch fails, and the next batch starts another
 * thread. A database in memory is lost with its thread.
 */
export class WorkerEngine implements Engine {
  notices: readonly Notice[] = [];
  #location: SqliteLocation;
  #worker: Worker | undefined;
  #enter: Opening['enter'];
  #listener: ChangeListener | undefined;
  #answer: PromiseWithResolvers<Report> | undefined;

  private constructor(location: SqliteLocation) {
    this.#location = location;
  }

  /** @throws {StoreUnavailable} when the database cannot be opened */
  static async open(
    location: SqliteLocation,
    { enter, signal }: Opening = {},
  ): Promise<WorkerEngine> {
    const engine = new WorkerEngine(location);
    engine.#enter = enter;
    const giveUp = () => {
      const worker = engine.#worker;
      void worker?.terminate();
      if (worker !== undefined) engine.#lose(worker, undefined);
    };
    signal?.addEventListener('abort', giveUp);
    try {
      await engine.#start();
    } finally {
      signal?.removeEventListener('abort', giveUp);
      engine.#enter = undefined;
    }
    // If the thread must start again later, callers are waiting for it.
    engine.#location = { ...location, openTimeoutMs: location.busyTimeoutMs };
    return engine;
  }

  async runBatch(calls: readonly Call[]): Promise<readonly Outcome[]> {
    if (this.#worker === undefined && this.#location.path === ':memory:') {
      throw new StoreUnavailable('The database in memory is lost: its thread died. Start again.');
    }
    const worker = this.#worker ?? (await this.#start());
    const report = await this.#ask(worker, { runBatch: calls });
    if ('outcomes' in report) return report.outcomes;
    throw new Error('The database thread sent an unexpected report.');
  }

  listen(listener: ChangeListener | undefined): void {
    this.#listener = listener;
    if (this.#worker !== undefined) send(this.#worker, { listen: listener !== undefined });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    send(worker, { close: true });
    if (await settlesWithin(CLOSE_LIMIT_MS, exited)) return;
    // The thread waits for the disk or for another process. A transaction that is cut off has no effect.
    worker.unref();
    await settlesWithin(TERMINATION_LIMIT_MS, worker.terminate());
    this.#lose(worker, undefined);
  }

  async #start(): Promise<Worker> {
    const workerData = this.#location;
    const worker = new Worker(workerFile, { workerData, name: 'latchkey-store' });
    worker.on('message', (report: Report) => {
      if ('step' in report) this.#enter?.(report.step);
      else if ('changed' in report) this.#listener?.onChange();
      else if ('listening' in report) this.#listener?.onAttempt(toProblem(report.listening));
      else this.#answer?.resolve(report);
    });
    worker.on('error', (error) => this.#lose(worker, error));
    worker.on('exit', () => this.#lose(worker, undefined));
    this.#worker = worker;
    const report = await this.#expectReport();
    if (this.#listener !== undefined) send(worker, { listen: true });
    if ('opened' in report) this.notices = report.notices;
    if ('failure' in report) {
      await worker.terminate();
      throw toError(report.failure);
    }
    return worker;
  }

  #ask(worker: Worker, order: Order): Promise<Report> {
    const report = this.#expectReport();
    send(worker, order);
    return report;
  }

  #expectReport(): Promise<Report> {
    this.#answer = Promise.withResolvers();
    return this.#answer.promise;
  }

  /** The thread is gone. Its last batch may have been committed or not; no caller was told that it was. */
  #lose(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const problem = 'The database thread stopped before it answered. Try again.';
    this.#answer?.reject(new StoreUnavailable(problem, { cause }));
    this.#answer = undefined;
  }
}

function toProblem(listening: true | Failure): Error | undefined {
  return listening === true ? undefined : toError(listening);
}

function send(worker: Worker, order: Order): void {
  worker.postMessage(order);
}
