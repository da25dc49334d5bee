import type { Argon2Policy } from './policy.ts';
import { readStoredHash } from './stored-hash.ts';

/** What a worker must compute, and how to read its answer. */
export interface VerificationPlan {
  readonly engine: 'argon2' | 'bcrypt';
  /** The hash to compare with: the stored one, or a decoy that costs the same. */
  readonly hash: string;
  /** False: the password is refused, even if the worker says that it matches. */
  readonly mayMatch: boolean;
  /** Whether the stored hash should be replaced if the password matches. */
  readonly outdated: boolean;
}

/** bcrypt ignores everything after these bytes. */
const BCRYPT_BYTES = 72;

/**
 * Creates a hash of exactly the policy's cost that no password is known to match. Even a match would be refused, so
 * nothing in it needs to be secret or random.
 */
export function createDecoyHash({ memoryCost, timeCost, parallelism }: Argon2Policy): string {
  const cost = `m=${memoryCost},t=${timeCost},p=${parallelism}`;
  return `$argon2id$v=19$${cost}$${DECOY_SALT}$${DECOY_OUTPUT}`;
}

/**
 * Makes a decoy for a stored hash: of the same kind and cost.
 * @returns undefined if the hash cannot be verified
 */
export function createDecoy(stored: string): string | undefined {
  const read = readStoredHash(stored);
  if ('problem' in read) return undefined;
  // Which of bcrypt's three prefixes it has makes no difference to the work.
  if (read.engine === 'bcrypt') return `$2b$${stored.slice(4, 6)}$${'.'.repeat(53)}`;
  const [, variant, ...parts] = stored.split('$');
  const version = parts[0]?.startsWith('v=') === true ? `${parts[0]}$` : '';
  const { memoryCost, timeCost, parallelism } = read.cost;
  const cost = `m=${memoryCost},t=${timeCost},p=${parallelism}`;
  return `$${variant}$${version}${cost}$${DECOY_SALT}$${DECOY_OUTPUT}`;
}

const DECOY_SALT = 'A'.repeat(22);
const DECOY_OUTPUT = 'A'.repeat(43);

/**
 * bcrypt reads 72 bytes, and repeats a shorter input with a NUL between, so it cannot tell a longer password from its
 * first 72 bytes, nor `ab` from `ab\0ab`. The attack: a wrong password that bcrypt takes for the right one would sign
 * in, and the rehash would make it the new password.
 */
function isExactInBcrypt(password: string): boolean {
  return !password.includes('\0') && Buffer.byteLength(password) <= BCRYPT_BYTES;
}

/**
 * Plans how to compare a password with a stored hash. If there is no hash, or it is malformed, of an unknown kind or too
 * expensive, the worker computes the decoy: the password is refused, after the usual time.
 * @param decoy Default: one of the configured cost
 */
export function planVerification(
  stored: string | null,
  password: string,
  policy: Argon2Policy,
  decoy = createDecoyHash(policy),
): VerificationPlan {
  // UTF-8 has no bytes for a lone surrogate: all of them would become the same replacement character.
  const isText = password.isWellFormed();

  const read = stored === null ? { problem: 'absent' } : readStoredHash(stored);
  if (stored === null || 'problem' in read) {
    const engine = decoy.startsWith('$2') ? 'bcrypt' : 'argon2';
    return { engine, hash: decoy, mayMatch: false, outdated: false };
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
