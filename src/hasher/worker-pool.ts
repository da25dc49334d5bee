import { Worker } from 'node:worker_threads';
import { type Clock, createStopwatch } from '../kernel/clock.ts';
import { ServerOverloaded } from '../kernel/errors.ts';
import { settlesWithin } from '../kernel/timing/settles-within.ts';

export interface WorkerPoolOptions<Answer> {
  /** The worker's module; it answers every message with exactly one message. */
  readonly file: URL;
  readonly workerData: unknown;
  /** Workers at most. Each is started when a job finds all the others busy. */
  readonly threads: number;
  /** Jobs that may wait at most. */
  readonly maxQueue: number;
  /** Tells how long jobs take, for `retryAfter`; absent: they are taken to be quick. */
  readonly clock: Clock | undefined;
  readonly isAnswer: (message: unknown) => message is Answer;
}

export interface WorkerPool<Request, Answer> {
  /**
   * First come, first served.
   * @throws {Overloaded} when the queue is full, the pool is closed, or the worker died over the job
   */
  run(request: Request): Promise<Answer>;
  /** Finishes what is running, unless that takes too long, refuses what is waiting, ends the workers. */
  close(): Promise<void>;
}

interface Job<Request, Answer> extends PromiseWithResolvers<Answer> {
  readonly request: Request;
}

interface Member<Request, Answer> {
  readonly worker: Worker;
  job: Job<Request, Answer> | null;
  startedAt: number;
}

/** How long a running job may take once the pool is to be closed. */
const CLOSE_LIMIT_MS = 5_000;
/** How long a thread may take to end. */
const TERMINATION_LIMIT_MS = 1_000;

/** Seconds. Longer than this no client waits, and the rate is no longer worth trusting. */
const longestRetryAfter = 60;

/**
 * Threads that hold no process alive while they have nothing to do, and lose no job silently when
 * one of them dies.
 */
export function createWorkerPool<Request, Answer>(
  options: WorkerPoolOptions<Answer>,
): WorkerPool<Request, Answer> {
  const { file, workerData, threads, maxQueue, clock, isAnswer } = options;
  const elapsed = clock && createStopwatch(clock);
  const members = new Set<Member<Request, Answer>>();
  const queue: Job<Request, Answer>[] = [];
  let closing: Promise<void> | null = null;
  /** ms a job takes, a moving average. */
  let usualDuration = 25;

  function retryAfter(): number {
    const wait = ((queue.length + members.size) * usualDuration) / threads;
    return Math.min(longestRetryAfter, Math.max(1, Math.ceil(wait / 1000)));
  }

  function observe({ startedAt }: Member<Request, Answer>): void {
    if (elapsed === undefined) return;
    // A process that was suspended meanwhile must not make the average absurd.
    const duration = Math.min(longestRetryAfter * 1000, elapsed() - startedAt);
    usualDuration += (duration - usualDuration) / 8;
  }

  function assign(member: Member<Request, Answer>, job: Job<Request, Answer>): void {
    member.job = job;
    member.startedAt = elapsed?.() ?? 0;
    member.worker.ref();
    member.worker.postMessage(job.request);
  }

  function release(member: Member<Request, Answer>): void {
    member.job = null;
    const next = queue.shift();
    if (next === undefined) member.worker.unref();
    else assign(member, next);
  }

  function bury(member: Member<Request, Answer>, cause: unknown): void {
    if (!members.delete(member)) return;
    const message = 'A password hashing worker stopped before it was done. Try again.';
    member.job?.reject(new ServerOverloaded(message, retryAfter(), { cause }));
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        assign(recruit(), next);
        return;
      } catch (error) {
        next.reject(error);
      }
    }
  }

  function startWorker(): Worker {
    try {
      // No options of this process are handed down: some, such as --input-type, would stop the worker.
      // Nor is its environment, which may hold the secret.
      return new Worker(file, { workerData, execArgv: [], env: {} });
    } catch (cause) {
      const message = 'The system gives no thread for password hashing. Try again.';
      throw new ServerOverloaded(message, retryAfter(), { cause });
    }
  }

  function recruit(): Member<Request, Answer> {
    const worker = startWorker();
    const member: Member<Request, Answer> = { worker, job: null, startedAt: 0 };
    members.add(member);
    worker.on('message', (message: unknown) => {
      const { job } = member;
      if (job === null) return;
      observe(member);
      release(member);
      if (isAnswer(message)) job.resolve(message);
      else job.reject(new TypeError('A password hashing worker gave no answer.'));
    });
    worker.on('error', (error) => bury(member, error));
    worker.on('exit', () => bury(member, undefined));
    return member;
  }

  function findIdle(): Member<Request, Answer> | undefined {
    for (const member of members) if (member.job === null) return member;
    return members.size < threads ? recruit() : undefined;
  }

  async function finish(): Promise<void> {
    for (const job of queue.splice(0)) {
      job.reject(new ServerOverloaded('The server is shutting down. Try again.', retryAfter()));
    }
    const jobs = [...members].map(({ job }) => job?.promise);
    await settlesWithin(CLOSE_LIMIT_MS, Promise.allSettled(jobs));
    // A thread ends only once the hash that it computes is done, however long that takes.
    const ended = [...members].map(({ worker }) => {
      worker.unref();
      return worker.terminate();
    });
    await settlesWithin(TERMINATION_LIMIT_MS, Promise.all(ended));
    for (const member of members) bury(member, undefined);
  }

  return {
    async run(request) {
      if (closing !== null) {
        throw new ServerOverloaded('The server is shutting down. Try again.', retryAfter());
      }
      const job = { request, ...Promise.withResolvers<Answer>() };
      const idle = findIdle();
      if (idle !== undefined) assign(idle, job);
      else if (queue.length < maxQueue) queue.push(job);
      else
        throw new ServerOverloaded(
          'Too many sign-ins at the same time. Try again shortly.',
          retryAfter(),
        );
      return job.promise;
    },

    close() {
      closing ??= finish();
      return closing;
    },
  };
}
