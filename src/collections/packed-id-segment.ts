import type { BloomFilter } from './bloom-filter.ts';
import { hashOf, NOT_FOUND } from './id-hash.ts';

const MIN_CAPACITY = 8;
const MAX_LOAD = 0.75;

/** One part of a `PackedIdMap`: a hash table in flat arrays, with open addressing and linear probing. */
export class PackedIdSegment {
  readonly #withValues: boolean;
  #count = 0;
  #capacity = 0;
  /** A byte of the hash of the id in each slot; 0: the slot is free. */
  #tags = new Uint8Array();
  #words = new Uint32Array();
  #expiries = new Float64Array();
  #values: Float64Array | undefined;
  /** No entry expires earlier. */
  #earliest = Number.POSITIVE_INFINITY;

  constructor(withValues: boolean) {
    this.#withValues = withValues;
    this.#allocate(MIN_CAPACITY);
  }

  get bytes(): number {
    const arrays = [this.#tags, this.#words, this.#expiries, this.#values];
    return arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
  }

  addAllTo(filter: BloomFilter): void {
    for (let slot = 0; slot < this.#capacity; slot++) {
      if (this.#tags[slot] !== 0) filter.add(hashOf(this.#words[slot * 4 + 3] ?? 0));
    }
  }

  find(hash: number, words: Uint32Array): number {
    const slot = this.#findSlot(hash, words, 0);
    if (this.#tags[slot] === 0) return NOT_FOUND;
    return this.#values?.[slot] ?? 0;
  }

  /** Keeps the greater value and the later expiry. @returns whether the id is new */
  setMax(hash: number, words: Uint32Array, value: number, expiresAt: number): boolean {
    const slot = this.#findSlot(hash, words, 0);
    if (this.#tags[slot] !== 0) {
      this.#expiries[slot] = Math.max(this.#expiries[slot] ?? 0, expiresAt);
      if (this.#values !== undefined) {
        this.#values[slot] = Math.max(this.#values[slot] ?? 0, value);
      }
      return false;
    }
    if (this.#count >= this.#capacity * MAX_LOAD) {
      this.#rebuild(this.#capacity * 2, Number.NEGATIVE_INFINITY);
    }
    this.#add(hash, words, 0, value, expiresAt);
    this.#earliest = Math.min(this.#earliest, expiresAt);
    return true;
  }

  /** Removes what expires at `now` or before. @returns how many entries it removed */
  purge(now: number): number {
    if (this.#earliest > now) return 0;
    let dead = 0;
    let earliest = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < this.#capacity; slot++) {
      if (this.#tags[slot] === 0) continue;
      const expiresAt = this.#expiries[slot] ?? 0;
      if (expiresAt <= now) dead++;
      else if (expiresAt < earliest) earliest = expiresAt;
    }
    this.#earliest = earliest;
    if (dead === 0) return 0;
    let capacity = MIN_CAPACITY;
    while (this.#count - dead >= capacity * MAX_LOAD) capacity *= 2;
    // Rebuilt, because a freed slot would end the search for ids that were placed behind it.
    this.#rebuild(capacity, now);
    return dead;
  }

  /** The slot of an id, or the free one where it would go. */
  #findSlot(hash: number, words: Uint32Array, from: number): number {
    const mask = this.#capacity - 1;
    const tag = tagOf(hash);
    let slot = hash & mask;
    while (this.#tags[slot] !== 0) {
      if (this.#tags[slot] === tag && this.#isAt(slot, words, from)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #isAt(slot: number, words: Uint32Array, from: number): boolean {
    const at = slot * 4;
    return (
      this.#words[at + 3] === words[from + 3] &&
      this.#words[at + 2] === words[from + 2] &&
      this.#words[at + 1] === words[from + 1] &&
      this.#words[at] === words[from]
    );
  }

  /** Adds an id that is not there. */
  #add(hash: number, words: Uint32Array, from: number, value: number, expiresAt: number): void {
    const mask = this.#capacity - 1;
    let slot = hash & mask;
    while (this.#tags[slot] !== 0) slot = (slot + 1) & mask;
    this.#tags[slot] = tagOf(hash);
    for (let word = 0; word < 4; word++) this.#words[slot * 4 + word] = words[from + word] ?? 0;
    this.#expiries[slot] = expiresAt;
    if (this.#values !== undefined) this.#values[slot] = value;
    this.#count++;
  }

  /** Moves the entries that expire after `now` into arrays of another size. */
  #rebuild(capacity: number, now: number): void {
    const [tags, words, expiries, values] = [this.#tags, this.#words, this.#expiries, this.#values];
    this.#allocate(capacity);
    for (let old = 0; old < tags.length; old++) {
      const expiresAt = expiries[old] ?? 0;
      if (tags[old] === 0 || expiresAt <= now) continue;
      const hash = hashOf(words[old * 4 + 3] ?? 0);
      this.#add(hash, words, old * 4, values?.[old] ?? 0, expiresAt);
    }
  }

  #allocate(capacity: number): void {
    this.#capacity = capacity;
    this.#count = 0;
    this.#tags = new Uint8Array(capacity);
    this.#words = new Uint32Array(capacity * 4);
    this.#expiries = new Float64Array(capacity);
    this.#values = this.#withValues ? new Float64Array(capacity) : undefined;
  }
}

/** Bits that choose neither the segment nor, unless it is very large, the slot. Never 0. */
function tagOf(hash: number): number {
  return ((hash >>> 16) & 0xff) | 1;
}
