import { PARTS, partOf } from './id-hash.ts';

/** In each part. Sizes are powers of two. */
const MIN_PART_BITS = 32;

/**
 * A Bloom filter with one bit for each hash: one read of memory rules out most hashes that were not added. It has the
 * same parts as the map, so that one part can be cleared and filled again while the others stay in use.
 */
export class BloomFilter {
  #partBits = MIN_PART_BITS;
  #words = new Uint32Array((PARTS * MIN_PART_BITS) / 32);

  /** Number of bits. */
  get size(): number {
    return PARTS * this.#partBits;
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** False: the hash was not added since its part was cleared. True: it may have been. */
  has(hash: number): boolean {
    return ((this.#words[this.#wordOf(hash)] ?? 0) & (1 << (hash & 31))) !== 0;
  }

  add(hash: number): void {
    const at = this.#wordOf(hash);
    this.#words[at] = (this.#words[at] ?? 0) | (1 << (hash & 31));
  }

  /**
   * Doubles the number of bits. Each bit that is set becomes two, because either may be the bit of the hash that set it.
   * So the filter rules out as much as before, and more once a part is cleared and filled again.
   */
  double(): void {
    this.#resize(this.#partBits * 2, (old, part) => {
      const half = old.length;
      part.set(old, 0);
      part.set(old, half);
    });
  }

  /** Halves the number of bits. @returns false where it is the minimum already */
  halve(): boolean {
    if (this.#partBits === MIN_PART_BITS) return false;
    this.#resize(this.#partBits / 2, (old, part) => {
      for (let at = 0; at < part.length; at++) {
        part[at] = (old[at] ?? 0) | (old[at + part.length] ?? 0);
      }
    });
    return true;
  }

  clear(part: number): void {
    const words = this.#partBits / 32;
    this.#words.fill(0, part * words, (part + 1) * words);
  }

  #wordOf(hash: number): number {
    const words = this.#partBits >>> 5;
    return partOf(hash) * words + ((hash >>> 5) & (words - 1));
  }

  #resize(partBits: number, fill: (old: Uint32Array, part: Uint32Array) => void): void {
    const [oldWords, oldLength, length] = [this.#words, this.#partBits / 32, partBits / 32];
    this.#partBits = partBits;
    this.#words = new Uint32Array(PARTS * length);
    for (let part = 0; part < PARTS; part++) {
      fill(
        oldWords.subarray(part * oldLength, (part + 1) * oldLength),
        this.#words.subarray(part * length, (part + 1) * length),
      );
    }
  }
}
