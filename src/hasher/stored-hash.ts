import { type Argon2Policy, isAffordable } from './policy.ts';

/** Each step doubles the time. 15 takes about as long as the most expensive argon2 hash we accept. */
const MOST_BCRYPT_COST = 15;
const LEAST_BCRYPT_COST = 4;
/** Characters: `$2b$10$`, 22 of salt, 31 of hash. */
const BCRYPT_LENGTH = 60;

/** A salt of 8 to 64 bytes and an output of 16 to 64. */
const ARGON2 =
  /^\$(argon2(?:id|i|d))\$(?:v=(16|19)\$)?m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
/** Canonical base64 only: if unused bits of the salt or hash are set, bcrypt returns without doing the work. */
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

/** The kind and cost of a stored hash, or why no password can match it, as the end of a sentence. */
export type StoredHash =
  | { readonly engine: 'bcrypt' }
  | {
      readonly engine: 'argon2';
      readonly cost: Argon2Policy;
      /** Whether it has the variant and version of new hashes. */
      readonly isCurrent: boolean;
    }
  | { readonly problem: string };

/** Reads a stored hash. Verification and import both call this, so a hash that is imported can be verified. */
export function readStoredHash(stored: string): StoredHash {
  if (/^\s|\s$/.test(stored)) return { problem: 'begins or ends with a blank or a line break' };
  if (/^\$2[aby]\$/.test(stored)) return readBcrypt(stored);
  if (/^\$argon2(id|i|d)\$/.test(stored)) return readArgon2(stored);
  return { problem: 'is not of a kind that is known here: argon2id or bcrypt' };
}

function readBcrypt(stored: string): StoredHash {
  if (stored.length !== BCRYPT_LENGTH) {
    const { length } = stored;
    const cut = length < BCRYPT_LENGTH ? ': it seems to have been cut' : '';
    return {
      problem: `has ${length} characters, and a bcrypt hash has ${BCRYPT_LENGTH}${cut}`,
    };
  }
  const [, digits] = BCRYPT.exec(stored) ?? [];
  if (digits === undefined) {
    return { problem: 'is not a bcrypt hash: a character in it is wrong' };
  }
  const cost = Number(digits);
  if (cost < LEAST_BCRYPT_COST || cost > MOST_BCRYPT_COST) {
    return {
      problem: `has the bcrypt cost ${cost}, and ${LEAST_BCRYPT_COST} to ${MOST_BCRYPT_COST} are verified`,
    };
  }
  return { engine: 'bcrypt' };
}

function readArgon2(stored: string): StoredHash {
  const parts = ARGON2.exec(stored);
  if (parts === null) return { problem: findArgon2Problem(stored) };
  const [, variant, version, memory, passes, lanes, salt = '', output = ''] = parts;
  const cost = {
    memoryCost: Number(memory),
    timeCost: Number(passes),
    parallelism: Number(lanes),
  };
  if (!isCanonical(salt) || !isCanonical(output)) {
    return { problem: 'has a salt or an output that is not base64: it seems to have been cut' };
  }
  if (!isAffordable(cost)) {
    return {
      problem:
        'costs more than is verified (256 MiB, 64 passes, 16 lanes, 4 GiB of memory times passes), or has less than 8 KiB of memory for each lane',
    };
  }
  return { engine: 'argon2', cost, isCurrent: variant === 'argon2id' && version === '19' };
}

/**
 * Finds why a hash should not be imported: the problem of {@link readStoredHash}, or that it seems to have been cut. An
 * argon2 output that was cut is often still valid base64, and no password matches it, because argon2 computes a
 * different output for each length. Outputs in use have whole groups of four bytes.
 * @returns the end of a sentence, or undefined if nothing is wrong
 */
export function findImportProblem(stored: string): string | undefined {
  const read = readStoredHash(stored);
  if ('problem' in read) return read.problem;
  if (read.engine === 'bcrypt') return undefined;
  const output = stored.slice(stored.lastIndexOf('$') + 1);
  const { length } = Buffer.from(output, 'base64');
  if (length % 4 === 0) return undefined;
  return `has an output of ${length} bytes, and 16, 24, 32 or 64 are usual: it seems to have been cut`;
}

/** Finds which part of the PHC string is wrong. */
function findArgon2Problem(stored: string): string {
  const [, , ...parts] = stored.split('$');
  const version = parts[0]?.startsWith('v=') === true ? parts.shift() : undefined;
  const [parameters = '', salt = '', output = '', ...more] = parts;
  if (version !== undefined && version !== 'v=16' && version !== 'v=19') {
    return 'is of a version of argon2 other than 16 and 19';
  }
  if (!/^m=[1-9]\d{0,9},t=[1-9]\d{0,9},p=[1-9]\d{0,2}$/.test(parameters)) {
    return 'does not state its cost as m=…,t=…,p=…, in this order and nothing else';
  }
  if (more.length > 0) return 'has more parts than version, cost, salt and output';
  if (!/^[A-Za-z0-9+/]{11,86}$/.test(salt)) {
    return 'has a salt that is not 8 to 64 bytes in base64 without padding';
  }
  if (!/^[A-Za-z0-9+/]{22,86}$/.test(output)) {
    return 'has an output that is not 16 to 64 bytes in base64 without padding: it seems to have been cut';
  }
  return 'is not an argon2 hash in the PHC format';
}

/** Whether base64 has no unused bits set. If it has, argon2 refuses to decode it, without doing the work. */
function isCanonical(base64: string): boolean {
  const decoded = Buffer.from(base64, 'base64');
  return decoded.toString('base64').replace(/=+$/, '') === base64;
}
