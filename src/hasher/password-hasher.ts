import { availableParallelism, totalmem } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { HashingTerms, PasswordHasher } from '../auth/ports/password-hasher.ts';
import type { Clock } from '../kernel/clock.ts';
import { isCount } from '../kernel/count.ts';
import { InvalidInput, InvalidSetting } from '../kernel/errors.ts';
import { findWorkerFile } from '../kernel/process/worker-file.ts';
import type { Random } from '../kernel/random.ts';
import { type HashAnswer, type HashRequest, isHashAnswer } from './messages.ts';
import { type Argon2Policy, assertPolicy, DEFAULT_POLICY } from './policy.ts';
import { RefusalTime } from './refusal-time.ts';
import { findImportProblem } from './stored-hash.ts';
import {
  createDecoy,
  createDecoyHash,
  planVerification,
  type VerificationPlan,
} from './verification-plan.ts';
import { createWorkerPool } from './worker-pool.ts';

/** How to hash passwords. @see RFC 9106 */
export interface PasswordHasherOptions {
  /** KiB of memory for one hash: from 8 for each lane to 262,144. Default 19,456 (19 MiB). */
  readonly memoryCost?: number;
  /** Passes over that memory, 1 to 64; `memoryCost` times `timeCost` is 4,194,304 at most. Default 2. */
  readonly timeCost?: number;
  /** Lanes, 1 to 16. Default 1. */
  readonly parallelism?: number;
  /**
   * The most worker threads. Default on Linux, where they run at the lowest priority: the number of cores, at most 8.
   * Elsewhere: one fewer than that, at least 1. In both cases as many as hash in half of the machine's memory.
   */
  readonly threads?: number;
  /**
   * How many passwords can wait for a worker. More are refused with `ServerOverloaded`. Half of them are kept for known
   * devices and your own code. Default 256.
   */
  readonly maxQueue?: number;
  /** The source of salts. Default: the operating system. */
  readonly random?: Random;
  /**
   * Measures how long hashes take, so that a refusal can say when to try again. Default: none, and 25 ms are assumed.
   */
  readonly clock?: Clock;
}

/** The length of a salt that RFC 9106 section 3.1 recommends for passwords. */
const SALT_BYTES = 16;

const workerFile = findWorkerFile(new URL('./hash-worker.ts', import.meta.url));

function defaultThreads(mostByMemory: number): number {
  const cores = availableParallelism();
  const spare = process.platform === 'linux' ? cores : Math.max(1, cores - 1);
  return Math.max(1, Math.min(spare, 8, mostByMemory));
}

/** How many hashes fit into half of the memory that this process may use. */
function countThatFit({ memoryCost }: Argon2Policy): number {
  const limit = process.constrainedMemory();
  // No limit is reported as 0, or as a number that is greater than any memory.
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.floor(bytes / 2 / (memoryCost * 1024));
}

/** Otherwise the system ends the process during a storm of sign-ins. */
function assertMemory(policy: Argon2Policy, threads: number): void {
  const most = countThatFit(policy);
  if (threads <= most) return;
  const mib = Math.ceil((policy.memoryCost * threads) / 1024);
  throw new InvalidSetting(
    'memoryCost',
    `needs ${mib} MiB for ${threads} hashes at the same time, which is more than half of this machine's memory.`,
    `Lower LATCHKEY_ARGON2_MEMORY${most < 1 ? '' : `, or give ${most} threads at most`}.`,
  );
}

function assertCount(name: string, value: number, least: number): void {
  if (isCount(value) && value >= least) return;
  throw new InvalidSetting(name, 'is not a valid count.', `Give a whole number, ${least} or more.`);
}

/**
 * Hashes passwords with argon2id on worker threads, and verifies argon2 (`$argon2id$`, `$argon2i$`, `$argon2d$`) and
 * bcrypt (`$2a$`, `$2b$`, `$2y$`) hashes there. Workers start with the first job. An idle worker does not keep the
 * process alive.
 *
 * A password is the bytes of its UTF-8. It is not trimmed, normalised, folded or cut, and its length is not limited here.
 * These never match: a password with a lone surrogate; against bcrypt, a password of more than 72 bytes or with a NUL;
 * any password against a stored hash that is malformed, of an unknown kind, or too expensive to compute (bcrypt
 * cost over 15; argon2 over 256 MiB, 64 passes, 16 lanes, or 4 GiB of memory times passes).
 *
 * `outdated` says that a matching hash should be replaced: it is bcrypt, or its variant, version or cost is not the
 * configured one. It is false if `ok` is false.
 *
 * @throws {InvalidSetting} when an option is out of bounds
 * @see RFC 9106
 */
export function createPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  const policy: Argon2Policy = {
    memoryCost: options.memoryCost ?? DEFAULT_POLICY.memoryCost,
    timeCost: options.timeCost ?? DEFAULT_POLICY.timeCost,
    parallelism: options.parallelism ?? DEFAULT_POLICY.parallelism,
  };
  assertPolicy(policy);
  const threads = options.threads ?? defaultThreads(countThatFit(policy));
  const maxQueue = options.maxQueue ?? 256;
  assertCount('threads', threads, 1);
  assertCount('maxQueue', maxQueue, 0);
  assertMemory(policy, threads);

  const pool = createWorkerPool<HashRequest, HashAnswer>({
    file: workerFile,
    workerData: policy,
    threads,
    maxQueue,
    clock: options.clock,
    isAnswer: isHashAnswer,
  });

  const ownDecoy = createDecoyHash(policy);
  const refusals = new RefusalTime();

  async function run(
    { engine, hash }: VerificationPlan,
    password: string,
    terms?: HashingTerms,
  ): Promise<HashAnswer> {
    const answer = await pool.run({ kind: 'verify', engine, hash, password }, terms);
    refusals.observe(createDecoy(hash) ?? ownDecoy, answer.tookMs);
    return answer;
  }

  return {
    async hash(password, terms) {
      if (!password.isWellFormed()) {
        const problem = 'The password contains an invalid Unicode character. Type it again.';
        throw new InvalidInput([{ field: 'password', problem }]);
      }
      const salt = options.random?.bytes(SALT_BYTES);
      const { result: hash } = await pool.run({ kind: 'hash', password, salt }, terms);
      if (typeof hash !== 'string') throw new TypeError('The hashing worker returned no hash.');
      return hash;
    },

    async verify(stored, password, decoy = ownDecoy, terms = {}) {
      const plan = planVerification(stored, password, policy, decoy);
      const { result, tookMs } = await run(plan, password, terms);
      const ok = plan.mayMatch && result === true;
      if (!ok) {
        const delayMs = refusals.findDelayMs(tookMs);
        if (delayMs > 0) await setTimeout(Math.ceil(delayMs));
      }
      return { ok, outdated: ok && plan.outdated };
    },

    createDecoy,

    expectDecoys(decoys) {
      for (const decoy of refusals.expect(decoys)) {
        // It only measures. If the queue is full, the first sign-in measures.
        run(planVerification(null, 'x', policy, decoy), 'x').catch(() => {});
      }
    },

    findHashProblem: findImportProblem,

    assertRoom: (terms) => pool.assertRoom(terms),

    close: () => pool.close(),
  };
}
