import { availableParallelism } from 'node:os';
import type { PasswordHasher } from '../auth/ports/password-hasher.ts';
import type { Clock } from '../kernel/clock.ts';
import { InvalidInput, InvalidSetting } from '../kernel/errors.ts';
import type { Random } from '../kernel/random.ts';
import { type HashAnswer, type HashRequest, isHashAnswer } from './messages.ts';
import { type Argon2Policy, assertPolicy, defaultPolicy } from './policy.ts';
import { findImportProblem } from './stored-hash.ts';
import { planVerification } from './verification-plan.ts';
import { createWorkerPool } from './worker-pool.ts';

export interface PasswordHasherOptions {
  /** KiB of memory one hash takes. Default 19,456 (19 MiB). */
  readonly memoryCost?: number;
  /** Passes over that memory. Default 2. */
  readonly timeCost?: number;
  /** Lanes. Default 1. */
  readonly parallelism?: number;
  /**
   * Worker threads at most. Default: the number of cores, 8 at most, on Linux, where they run at the
   * lowest priority; one fewer, but at least 1, elsewhere.
   */
  readonly threads?: number;
  /** Passwords that may wait for a worker; more are refused with `ServerOverloaded`. Default 256. */
  readonly maxQueue?: number;
  /** Where salts come from. Default: the argon2 library asks the operating system. */
  readonly random?: Random;
  /**
   * Tells how long hashes take, so that a refusal can say when to come again. Default: none, and 25 ms
   * are assumed.
   */
  readonly clock?: Clock;
}

/** The salt length RFC 9106 section 3.1 recommends for passwords. */
const saltBytes = 16;

// A URL is not an import: nothing rewrites its ending when this is built.
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './hash-worker.ts' : './hash-worker.js',
  import.meta.url,
);

function defaultThreads(): number {
  const cores = availableParallelism();
  return process.platform === 'linux' ? Math.min(cores, 8) : Math.max(1, Math.min(cores - 1, 8));
}

function assertCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new InvalidSetting(name, 'is not a count.', `Give a whole number, ${least} or more.`);
}

/**
 * Hashes passwords with argon2id on worker threads, and verifies argon2 (`$argon2id$`, `$argon2i$`,
 * `$argon2d$`) and bcrypt (`$2a$`, `$2b$`, `$2y$`) hashes there. Workers start with the first job and
 * keep no process alive while idle.
 *
 * A password is the exact bytes of its UTF-8: not trimmed, normalised, folded or cut. Length limits are
 * the caller's business. What never matches: a password with a lone surrogate; against bcrypt, one over
 * 72 bytes or with a NUL; any password against a stored hash that is malformed, of an unknown kind, or
 * too dear to compute (bcrypt cost over 15; argon2 over 256 MiB, 64 passes, 16 lanes, or over 4 GiB of
 * memory times passes).
 *
 * `outdated` says that a matching hash should be replaced by a new one: it is bcrypt, or its variant,
 * version or cost is another than configured. It is false wherever `ok` is.
 *
 * @throws {InvalidSetting} when an option is out of bounds
 * @see RFC 9106
 */
export function createPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  const policy: Argon2Policy = {
    memoryCost: options.memoryCost ?? defaultPolicy.memoryCost,
    timeCost: options.timeCost ?? defaultPolicy.timeCost,
    parallelism: options.parallelism ?? defaultPolicy.parallelism,
  };
  const threads = options.threads ?? defaultThreads();
  const maxQueue = options.maxQueue ?? 256;
  assertPolicy(policy);
  assertCount('threads', threads, 1);
  assertCount('maxQueue', maxQueue, 0);

  const pool = createWorkerPool<HashRequest, HashAnswer>({
    file: workerFile,
    workerData: policy,
    threads,
    maxQueue,
    clock: options.clock,
    isAnswer: isHashAnswer,
  });

  return {
    async hash(password) {
      if (!password.isWellFormed()) {
        const problem = 'The password holds half a character. Type it again.';
        throw new InvalidInput([{ field: 'password', problem }]);
      }
      const salt = options.random?.bytes(saltBytes);
      const hash = await pool.run({ kind: 'hash', password, salt });
      if (typeof hash !== 'string') throw new TypeError('The hashing worker answered no hash.');
      return hash;
    },

    async verify(stored, password) {
      const { engine, hash, mayMatch, outdated } = planVerification(stored, password, policy);
      const matches = await pool.run({ kind: 'verify', engine, hash, password });
      const ok = mayMatch && matches === true;
      return { ok, outdated: ok && outdated };
    },

    findHashProblem: findImportProblem,

    close: () => pool.close(),
  };
}
