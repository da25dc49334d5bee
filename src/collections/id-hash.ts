/** Returned in place of the hash of a text that is not an id, and of the number of an id that is not in the map. */
export const NOT_FOUND = -1;

/** How many parts a map and its filter have. Work is done on one part at a time, so that it never takes long. */
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
