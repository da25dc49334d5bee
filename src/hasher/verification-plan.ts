import { type Argon2Policy, isBearable } from './policy.ts';

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

/** Each step doubles the time; 15 takes about as long as the dearest argon2 hash we accept. */
const mostBcryptCost = 15;
/** bcrypt reads no further. */
const bcryptBytes = 72;

/** Salt of 8 to 64 bytes, output of 16 to 64. */
const argon2Form =
  /^\$(argon2(?:id|i|d))\$(?:v=(16|19)\$)?m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
/** Canonical only: bcrypt answers at once, without the work, where unused bits of the salt or hash are set. */
const bcryptForm = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

/** Whether base64 has no unused bits set: argon2 refuses to decode such, without the work. */
function isCanonical(base64: string): boolean {
  const decoded = Buffer.from(base64, 'base64');
  return decoded.toString('base64').replace(/=+$/, '') === base64;
}

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

  const argon2 = stored === null ? null : argon2Form.exec(stored);
  if (stored !== null && argon2 !== null) {
    const [, variant, version, memory, passes, lanes, salt = '', output = ''] = argon2;
    const cost = {
      memoryCost: Number(memory),
      timeCost: Number(passes),
      parallelism: Number(lanes),
    };
    if (isBearable(cost) && isCanonical(salt) && isCanonical(output)) {
      const outdated =
        variant !== 'argon2id' ||
        version !== '19' ||
        cost.memoryCost !== policy.memoryCost ||
        cost.timeCost !== policy.timeCost ||
        cost.parallelism !== policy.parallelism;
      return { engine: 'argon2', hash: stored, mayMatch: isText, outdated };
    }
  }

  const bcrypt = stored === null ? null : bcryptForm.exec(stored);
  if (stored !== null && bcrypt !== null) {
    const cost = Number(bcrypt[1]);
    if (cost >= 4 && cost <= mostBcryptCost) {
      const mayMatch = isText && isExactInBcrypt(password);
      return { engine: 'bcrypt', hash: stored, mayMatch, outdated: true };
    }
  }

  return { engine: 'argon2', hash: standInHash(policy), mayMatch: false, outdated: false };
}
