/** In place of the hash of what is no id of a table, and of the number of an id that is not there. */
export const ABSENT = -1;

/** How many parts a table and its filter have: small enough that the work on one is never felt. */
export const PARTS = 1 << 8;

/** The part that a hash belongs to. */
export function partOf(hash: number): number {
  return hash >>> 24;
}

/** Spreads ids that differ in a few bits only, such as counted ones: the finish of MurmurHash3. */
export function hashOf(word: number): number {
  let hash = word ^ (word >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
