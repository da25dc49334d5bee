import { PARTS, partOf } from './id-hash.ts';

/** Of a part. A power of two, as all sizes are. */
const FEWEST_BITS = 32;

/**
 * Tells for almost every id that is not in a table that it is not: a bit for each hash, one look into memory.
 * It is cut into parts as the table is, so that the marks of one can be made anew while the others serve.
 */
export class IdFilter {
  #partBits = FEWEST_BITS;
  #words = new Uint32Array((PARTS * FEWEST_BITS) / 32);

  /** Bits in all. */
  get size(): number {
    return PARTS * this.#partBits;
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** False where the hash was not added since its part was cleared. */
  has(hash: number): boolean {
    return ((this.#words[this.#wordOf(hash)] ?? 0) & (1 << (hash & 31))) !== 0;
  }

  add(hash: number): void {
    const at = this.#wordOf(hash);
    this.#words[at] = (this.#words[at] ?? 0) | (1 << (hash & 31));
  }

  /**
   * Takes twice the bits. A mark stands for both hashes it could be of now, so nothing is missing, and the
   * filter tells no less than before; how much more it tells hangs on each part being made anew.
   */
  double(): void {
    this.#resize(this.#partBits * 2, (old, part) => {
      const half = old.length;
      part.set(old, 0);
      part.set(old, half);
    });
  }

  /** Takes half the bits, if there are more than the fewest. Answers whether it did. */
  halve(): boolean {
    if (this.#partBits === FEWEST_BITS) return false;
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
