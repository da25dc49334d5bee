import type { IdForm } from './id-forms.ts';

/** What {@link IdTable.find} answers for an id that is not there. */
export const ABSENT = -1;

const SEGMENT_BITS = 8;
/** Of the filter, for each entry, at least. */
const FILTER_BITS = 16;
const FIRST_FILTER_BITS = 1024;
const SEGMENTS = 1 << SEGMENT_BITS;
const FIRST_CAPACITY = 8;
const FULLEST = 0.75;

/**
 * Ids of one form, each with a number and the time at which it is forgotten, in flat arrays: 25 or 33
 * bytes a slot where a Map of strings takes some 200. Open addressing with linear probing, between 3/8 and
 * 3/4 full. It is cut into segments that grow and are swept one by one, so that neither ever takes long.
 * A filter of two bytes an entry tells for almost every id that is not there that it is not: one look into
 * memory, where the segments would cost several.
 *
 * Ids are made by the issuer from strong randomness, so their last word is the hash: nobody who could
 * choose it is heard here.
 */
export class IdTable {
  readonly #form: IdForm;
  readonly #withValues: boolean;
  readonly #segments: (Segment | undefined)[];
  readonly #words = new Uint32Array(4);
  #size = 0;
  #swept = 0;
  /** A bit is set for each id there is, and for some that are forgotten. */
  #filter = new Uint32Array(FIRST_FILTER_BITS / 32);

  constructor(form: IdForm, options: { withValues: boolean }) {
    this.#form = form;
    this.#withValues = options.withValues;
    this.#segments = Array.from({ length: SEGMENTS }, () => undefined);
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the arrays. */
  get bytes(): number {
    const { byteLength } = this.#filter;
    return this.#segments.reduce((sum, segment) => sum + (segment?.bytes ?? 0), byteLength);
  }

  /** What `mayHold` and `find` look for, or {@link ABSENT} where the id is not of the table's form. */
  hashOf(id: string): number {
    const last = this.#size === 0 ? ABSENT : this.#form.parseLast(id);
    return last === ABSENT ? ABSENT : mix(last);
  }

  /** False where an id with this hash is surely not there. */
  mayHold(hash: number): boolean {
    return hash !== ABSENT && isMarked(this.#filter, hash);
  }

  /** The number that goes with an id, or {@link ABSENT}. */
  find(id: string, hash = this.hashOf(id)): number {
    if (!this.mayHold(hash) || !this.#form.parse(id, this.#words)) return ABSENT;
    return this.#segments[hash >>> (32 - SEGMENT_BITS)]?.find(hash, this.#words) ?? ABSENT;
  }

  /** Keeps the greater number and the later time. False where the id is not of the table's form. */
  raise(id: string, value: number, expiresAt: number): boolean {
    if (!this.#form.parse(id, this.#words)) return false;
    const hash = mix(this.#words[3] ?? 0);
    const at = hash >>> (32 - SEGMENT_BITS);
    const segment = this.#segments[at] ?? new Segment(this.#withValues);
    this.#segments[at] = segment;
    if (segment.raise(hash, this.#words, value, expiresAt)) {
      this.#size++;
      if (this.#size * FILTER_BITS > this.#filter.length * 32) this.#rebuildFilter();
      mark(this.#filter, hash);
    }
    return true;
  }

  /** Forgets what expires at `now` or before, in the next of its {@link sweeps} parts. */
  sweepNext(now: number): void {
    const segment = this.#segments[this.#swept];
    this.#swept = (this.#swept + 1) % SEGMENTS;
    if (segment !== undefined) this.#size -= segment.sweep(now);
    // Once around, and much was forgotten: its marks must not go on leading to looks in vain.
    if (this.#swept === 0 && this.#size * FILTER_BITS * 4 < this.#filter.length * 32) {
      this.#rebuildFilter();
    }
  }

  #rebuildFilter(): void {
    let bits = FIRST_FILTER_BITS;
    while (bits < this.#size * FILTER_BITS) bits *= 2;
    if (bits === this.#filter.length * 32) return;
    this.#filter = new Uint32Array(bits / 32);
    for (const segment of this.#segments) segment?.markAll(this.#filter);
  }

  /** How many sweeps go over all of it. */
  static readonly sweeps = SEGMENTS;
}

/** The arrays of one segment. */
class Segment {
  readonly #withValues: boolean;
  #count = 0;
  #capacity = 0;
  /** A byte of the hash of what is in a slot; 0 where nothing is. */
  #tags = new Uint8Array();
  #words = new Uint32Array();
  #expiries = new Float64Array();
  #values: Float64Array | undefined;
  /** Nothing in it expires before. */
  #earliest = Number.POSITIVE_INFINITY;

  constructor(withValues: boolean) {
    this.#withValues = withValues;
    this.#allocate(FIRST_CAPACITY);
  }

  get bytes(): number {
    const arrays = [this.#tags, this.#words, this.#expiries, this.#values];
    return arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
  }

  markAll(filter: Uint32Array): void {
    for (const [slot, tag] of this.#tags.entries()) {
      if (tag !== 0) mark(filter, mix(this.#words[slot * 4 + 3] ?? 0));
    }
  }

  find(hash: number, words: Uint32Array): number {
    const slot = this.#findSlot(hash, words, 0);
    if (this.#tags[slot] === 0) return ABSENT;
    return this.#values?.[slot] ?? 0;
  }

  /** Whether the id is new. */
  raise(hash: number, words: Uint32Array, value: number, expiresAt: number): boolean {
    const slot = this.#findSlot(hash, words, 0);
    if (this.#tags[slot] !== 0) {
      this.#expiries[slot] = Math.max(this.#expiries[slot] ?? 0, expiresAt);
      if (this.#values !== undefined) {
        this.#values[slot] = Math.max(this.#values[slot] ?? 0, value);
      }
      return false;
    }
    if (this.#count >= this.#capacity * FULLEST) {
      this.#rebuild(this.#capacity * 2, Number.NEGATIVE_INFINITY);
    }
    this.#add(hash, words, 0, value, expiresAt);
    this.#earliest = Math.min(this.#earliest, expiresAt);
    return true;
  }

  /** Answers how many were forgotten. */
  sweep(now: number): number {
    if (this.#earliest > now) return 0;
    let dead = 0;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [slot, expiresAt] of this.#expiries.entries()) {
      if (this.#tags[slot] === 0) continue;
      if (expiresAt <= now) dead++;
      else if (expiresAt < earliest) earliest = expiresAt;
    }
    this.#earliest = earliest;
    if (dead === 0) return 0;
    let capacity = FIRST_CAPACITY;
    while (this.#count - dead >= capacity * FULLEST) capacity *= 2;
    // Built anew: taking single slots out would leave gaps that others were led past.
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

  /** Adds what is known not to be there. */
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

  /** Moves what expires after `now` into arrays of another size. */
  #rebuild(capacity: number, now: number): void {
    const [tags, words, expiries, values] = [this.#tags, this.#words, this.#expiries, this.#values];
    this.#allocate(capacity);
    for (let old = 0; old < tags.length; old++) {
      const expiresAt = expiries[old] ?? 0;
      if (tags[old] === 0 || expiresAt <= now) continue;
      const hash = mix(words[old * 4 + 3] ?? 0);
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

/** Bits that neither choose the segment nor, but in the largest, the slot. Never 0. */
function tagOf(hash: number): number {
  return ((hash >>> 16) & 0xff) | 1;
}

/** The lowest bits of the hash choose the bit; the length is a power of two. */
function mark(filter: Uint32Array, hash: number): void {
  const at = (hash >>> 5) & (filter.length - 1);
  filter[at] = (filter[at] ?? 0) | (1 << (hash & 31));
}

function isMarked(filter: Uint32Array, hash: number): boolean {
  return ((filter[(hash >>> 5) & (filter.length - 1)] ?? 0) & (1 << (hash & 31))) !== 0;
}

/** Spreads ids that differ in a few bits only, such as counted ones: the finish of MurmurHash3. */
function mix(word: number): number {
  let hash = word ^ (word >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
