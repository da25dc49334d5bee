import { timingSafeEqual } from 'node:crypto';

/**
 * Whether a text that was presented is the one that is expected. It compares in constant time, so that how long a
 * refusal takes does not tell how much of a guess was right. How long the expected text is may be learned.
 */
export function isSameSecret(presented: string, expected: string): boolean {
  if (presented.length !== expected.length) return false;
  const [one, other] = [Buffer.from(presented), Buffer.from(expected)];
  // Characters outside ASCII take several bytes.
  return one.length === other.length && timingSafeEqual(one, other);
}
