import type { Random } from '../../kernel/random.ts';

/** How long a password works that an administrator set, unless it is changed. */
export const TEMPORARY_PASSWORD_SECONDS = 24 * 3600;

/** Crockford's base32, in lower case: nothing that people misread. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const GROUPS = 5;
const GROUP_LENGTH = 4;

/** Creates a password of 100 random bits that can be read out: `7k2m-…`, five groups of four characters. */
export function createTemporaryPassword(random: Random): string {
  const letters = Array.from(
    random.bytes(GROUPS * GROUP_LENGTH),
    // 32 divides 256, so every letter is equally likely.
    (byte) => LETTERS[byte % LETTERS.length],
  ).join('');
  return letters.match(/.{4}/g)?.join('-') ?? letters;
}
