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

/**
 * Creates a comparison as {@link isSameSecret} for texts of one length, such as the codes of one key. It keeps its memory:
 * two buffers for each token take longer than the comparison.
 */
export function createSecretComparison(
  length: number,
): (presented: string, expected: string) => boolean {
  const [one, other] = [Buffer.alloc(length), Buffer.alloc(length)];
  return (presented, expected) => {
    if (presented.length !== length || expected.length !== length) return false;
    one.write(presented, 'latin1');
    other.write(expected, 'latin1');
    // A character beyond Latin-1 is cut to one byte, so the texts are compared too, by then without anything to learn.
    return timingSafeEqual(one, other) && presented === expected;
  };
}
