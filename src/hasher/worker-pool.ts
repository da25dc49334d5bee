import { Worker } from 'node:worker_threads';
import type { HashingTerms } from '../auth/ports/password-hasher.ts';
import { type Clock, createStopwatch } from '../kernel/clock.ts';
import { ServerOverloaded } from '../kernel/errors.ts';
import { settlesWithin } from '../kernel/timing/settles-within.ts';

/** How a pool of worker threads works. */
export interface WorkerPoolOptions<Answer> {
  /** The module of the worker. It answers every message with exactly one message. */
  readonly file: URL;
  readonly workerData: unknown;
  /** The most workers. One is started if a job finds all others busy. */
  readonly threads: number;
  /** The most jobs that can wait. Jobs of strangers are refused when half as many of them wait. */
  readonly maxQueue: number;
  /** Measures how long jobs take, for the `retryAfter` of a refusal; undefined: 25 ms are assumed. */
  readonly clock: Clock | undefined;
  readonly isAnswer: (message: unknown) => message is Answer;
}

/** Worker threads with one queue for strangers and one for all others. */
export interface WorkerPool<Request, Answer> {
  /**
   * Runs a job on a worker. Jobs of strangers wait for all others. Apart from that, jobs start in the order in which
   * they came.
   * @throws {ServerOverloaded} when the queue is full, the pool is closed, or the worker ends during the job
   */
  run(request: Request, terms?: HashingTerms): Promise<Answer>;
  /** @throws {ServerOverloaded} when the queue is full */
  assertRoom(terms?: HashingTerms): void;
  /** Refuses the jobs that wait, finishes those that run unless they take too long, and ends the workers. */
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

/** How long a running job may take after the pool was told to close. */
const CLOSE_LIMIT_MS = 5_000;
/** How long a thread may take to end. */
const TERMINATION_LIMIT_MS = 1_000;

/** The longest `Retry-After`. No client waits longer, and the estimate would be unreliable. */
const LONGEST_RETRY_AFTER_SECONDS = 60;

/**
 * Creates a pool of threads. An idle thread does not keep the process alive. If a thread ends during a job, the job
 * fails, and the jobs that wait go on with another thread.
 */
export function createWorkerPool<Request, Answer>(
  options: WorkerPoolOptions<Answer>,
): WorkerPool<Request, Answer> {
  const { file, workerData, threads, maxQueue, clock, isAnswer } = options;
  const elapsed = clock && createStopwatch(clock);
  const members = new Set<Member<Request, Answer>>();
  const queues: Record<'others' | 'strangers', Job<Request, Answer>[]> = {
    others: [],
    strangers: [],
  };
  const limitOfStrangers = Math.ceil(maxQueue / 2);
  let closing: Promise<void> | null = null;
  /** How long a job takes: a moving average. */
  let averageMs = 25;

  const countWaiting = () => queues.others.length + queues.strangers.length;
  const shiftNext = () => queues.others.shift() ?? queues.strangers.shift();

  function findRetryAfterSeconds(): number {
    const wait = ((countWaiting() + members.size) * averageMs) / threads;
    return Math.min(LONGEST_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(wait / 1000)));
  }

  function observe({ startedAt }: Member<Request, Answer>): void {
    if (elapsed === undefined) return;
    // Limited, because the process may have been suspended during the job.
    const duration = Math.min(LONGEST_RETRY_AFTER_SECONDS * 1000, elapsed() - startedAt);
    averageMs += (duration - averageMs) / 8;
  }

  function assign(member: Member<Request, Answer>, job: Job<Request, Answer>): void {
    member.job = job;
    member.startedAt = elapsed?.() ?? 0;
    member.worker.ref();
    member.worker.postMessage(job.request);
  }

  function release(member: Member<Request, Answer>): void {
    member.job = null;
    const next = shiftNext();
    if (next === undefined) member.worker.unref();
    else assign(member, next);
  }

  function removeMember(member: Member<Request, Answer>, cause: unknown): void {
    if (!members.delete(member)) return;
    const message = 'A password hashing worker stopped before it was done. Try again.';
    member.job?.reject(new ServerOverloaded(message, findRetryAfterSeconds(), { cause }));
    for (let next = shiftNext(); next !== undefined; next = shiftNext()) {
      try {
        assign(addMember(), next);
        return;
      } catch (error) {
        next.reject(error);
      }
    }
  }

  function startWorker(): Worker {
    try {
      // The worker gets no options of this process, because some, such as --input-type, would stop it, and no
      // environment, because that may contain the secret.
      return new Worker(file, { workerData, execArgv: [], env: {} });
    } catch (cause) {
      const message = 'The operating system started no thread for password hashing. Try again.';
      throw new ServerOverloaded(message, findRetryAfterSeconds(), { cause });
    }
  }

  function addMember(): Member<Request, Answer> {
    const worker = startWorker();
    const member: Member<Request, Answer> = { worker, job: null, startedAt: 0 };
    members.add(member);
    worker.on('message', (message: unknown) => {
      const { job } = member;
      if (job === null) return;
      observe(member);
      release(member);
      if (isAnswer(message)) job.resolve(message);
      else job.reject(new TypeError('A password hashing worker sent no valid answer.'));
    });
    worker.on('error', (error) => removeMember(member, error));
    worker.on('exit', () => removeMember(member, undefined));
    return member;
  }

  function findIdle(): Member<Request, Answer> | undefined {
    for (const member of members) if (member.job === null) return member;
    return members.size < threads ? addMember() : undefined;
  }

  async function finish(): Promise<void> {
    for (const job of [...queues.others.splice(0), ...queues.strangers.splice(0)]) {
      job.reject(
        new ServerOverloaded('The server is shutting down. Try again.', findRetryAfterSeconds()),
      );
    }
    const jobs = [...members].map(({ job }) => job?.promise);
    await settlesWithin(CLOSE_LIMIT_MS, Promise.allSettled(jobs));
    // A thread ends only when the hash that it computes is done, however long that takes.
    const ended = [...members].map(({ worker }) => {
      worker.unref();
      return worker.terminate();
    });
    await settlesWithin(TERMINATION_LIMIT_MS, Promise.all(ended));
    for (const member of members) removeMember(member, undefined);
  }

  function isIdle(): boolean {
    if (members.size < threads) return true;
    for (const member of members) if (member.job === null) return true;
    return false;
  }

  function assertRoom({ isStranger = false }: HashingTerms = {}): void {
    if (isIdle()) return;
    const isFull =
      countWaiting() >= maxQueue || (isStranger && queues.strangers.length >= limitOfStrangers);
    if (!isFull) return;
    throw new ServerOverloaded(
      'Too many sign-ins at the same time. Try again shortly.',
      findRetryAfterSeconds(),
    );
  }

  return {
    async run(request, terms) {
      if (closing !== null) {
        throw new ServerOverloaded(
          'The server is shutting down. Try again.',
          findRetryAfterSeconds(),
        );
      }
      assertRoom(terms);
      const job = { request, ...Promise.withResolvers<Answer>() };
      const idle = findIdle();
      if (idle !== undefined) assign(idle, job);
      else queues[terms?.isStranger === true ? 'strangers' : 'others'].push(job);
      return job.promise;
    },

    assertRoom,

    close() {
      closing ??= finish();
      return closing;
    },
  };
}
