import type { Argon2Policy } from './policy.ts';
import { readStoredHash } from './stored-hash.ts';

/** What a worker has to compute, and what its answer may mean. */
export interface VerificationPlan {
  readonly engine: 'argon2' | 'bcrypt';
  /** The hash to compute against: the stored one, or a stand-in that costs the same. */
  readonly hash: string;
  /** False: whatever the worker finds, the password is refused. */
  readonly mayMatch: boolean;
  /** The stored hash should be replaced once the password is known to be right. */
  readonly outdated: boolean;
}

/** bcrypt reads no further. */
const bcryptBytes = 72;

/**
 * A hash that no password is known to match, of exactly the policy's cost. Even a match would not count,
 * so nothing in it needs to be secret or random.
 */
export function standInHash({ memoryCost, timeCost, parallelism }: Argon2Policy): string {
  const cost = `m=${memoryCost},t=${timeCost},p=${parallelism}`;
  return `$argon2id$v=19$${cost}$${'A'.repeat(22)}$${'A'.repeat(43)}`;
}

/**
 * bcrypt reads 72 bytes and repeats its input with a NUL between, so it cannot tell a longer password
 * from its first 72 bytes, nor `ab` from `ab\0ab`. The attack this stops: a wrong password that bcrypt
 * takes for the right one would sign in, and be made the new password by the rehash.
 */
function isExactInBcrypt(password: string): boolean {
  return !password.includes('\0') && Buffer.byteLength(password) <= bcryptBytes;
}

/**
 * Decides how a password is compared with what is stored. Where there is no hash, or one that is
 * malformed, of an unknown kind, or of a cost beyond bearing, a stand-in of the configured cost is
 * computed instead: the answer is no, and it takes as long as any other.
 */
export function planVerification(
  stored: string | null,
  password: string,
  policy: Argon2Policy,
): VerificationPlan {
  // UTF-8 has no bytes for a lone surrogate: all of them would become the same replacement character.
  const isText = password.isWellFormed();

  const read = stored === null ? { problem: 'absent' } : readStoredHash(stored);
  if (stored === null || 'problem' in read) {
    return { engine: 'argon2', hash: standInHash(policy), mayMatch: false, outdated: false };
  }
  if (read.engine === 'bcrypt') {
    const mayMatch = isText && isExactInBcrypt(password);
    return { engine: 'bcrypt', hash: stored, mayMatch, outdated: true };
  }
  const outdated =
    !read.isCurrent ||
    read.cost.memoryCost !== policy.memoryCost ||
    read.cost.timeCost !== policy.timeCost ||
    read.cost.parallelism !== policy.parallelism;
  return { engine: 'argon2', hash: stored, mayMatch: isText, outdated };
}
