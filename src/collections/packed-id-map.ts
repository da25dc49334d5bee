import { BloomFilter } from './bloom-filter.ts';
import type { IdFormat } from './id-formats.ts';
import { hashOf, NOT_FOUND, PARTS, partOf } from './id-hash.ts';
import { PackedIdSegment } from './packed-id-segment.ts';

/** Least number of filter bits for each entry. One in 16 absent ids passes a filter that has just this many. */
const FILTER_BITS = 16;

/**
 * Maps ids of one format to a number and a time of expiry, in flat arrays: 25 or 33 bytes a slot, 3/8 to 3/4 of them
 * in use. A `Map` from strings takes 86 to 124 bytes an entry. It consists of segments that grow and are purged one by
 * one, so that neither takes long. A Bloom filter rules out most absent ids with one read of memory, where a segment
 * would need several.
 *
 * The hash is made of the last word of an id. Use it only for ids that one issuer makes from strong randomness: an attacker
 * that can choose ids could make many of them share a hash.
 */
export class PackedIdMap {
  readonly #format: IdFormat;
  readonly #withValues: boolean;
  readonly #segments: (PackedIdSegment | undefined)[] = Array.from(
    { length: PARTS },
    () => undefined,
  );
  readonly #filter = new BloomFilter();
  readonly #words = new Uint32Array(4);
  #size = 0;
  /** The part that is purged next. */
  #nextPart = 0;
  /** Parts with a lower number still hold the bits of a smaller filter, doubled. */
  #stalePartsBelow = 0;

  constructor(format: IdFormat, options: { withValues: boolean }) {
    this.#format = format;
    this.#withValues = options.withValues;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the arrays. */
  get bytes(): number {
    const { bytes } = this.#filter;
    return this.#segments.reduce((sum, segment) => sum + (segment?.bytes ?? 0), bytes);
  }

  /** The hash that `mayHold` and `find` take, or {@link NOT_FOUND} where the id does not have the map's format. */
  hashOf(id: string): number {
    // Reading an id takes longer than everything else here, so an empty map does not.
    const last = this.#size === 0 ? NOT_FOUND : this.#format.parseLast(id);
    return last === NOT_FOUND ? NOT_FOUND : hashOf(last);
  }

  /** False: no id with this hash is in the map. */
  mayHold(hash: number): boolean {
    return hash !== NOT_FOUND && this.#filter.has(hash);
  }

  /** The value of an id, or {@link NOT_FOUND}. */
  find(id: string, hash = this.hashOf(id)): number {
    if (!this.mayHold(hash) || !this.#format.parse(id, this.#words)) return NOT_FOUND;
    return this.#segments[partOf(hash)]?.find(hash, this.#words) ?? NOT_FOUND;
  }

  /**
   * Adds an id, or keeps the greater value and the later expiry of the two.
   * @returns false where the id does not have the map's format
   */
  setMax(id: string, value: number, expiresAt: number): boolean {
    if (!this.#format.parse(id, this.#words)) return false;
    const hash = hashOf(this.#words[3] ?? 0);
    const part = partOf(hash);
    const segment = this.#segments[part] ?? new PackedIdSegment(this.#withValues);
    this.#segments[part] = segment;
    if (segment.setMax(hash, this.#words, value, expiresAt)) {
      this.#size++;
      this.#growFilter();
      this.#filter.add(hash);
    }
    return true;
  }

  /** Removes what expires at `now` or before from the next of its {@link parts}. */
  purgeNextPart(now: number): void {
    const part = this.#nextPart;
    this.#nextPart = (part + 1) % PARTS;
    const removed = this.#segments[part]?.purge(now) ?? 0;
    this.#size -= removed;
    // Bits of removed ids would go on letting absent ids pass.
    if (removed > 0) this.#refill(part);
    if (this.#nextPart > 0) return;
    while (this.#size * FILTER_BITS * 4 < this.#filter.size && this.#filter.halve());
  }

  /** Refilling the whole filter would take tens of milliseconds in a large map, so each new entry refills one part. */
  #growFilter(): void {
    if (this.#size * FILTER_BITS > this.#filter.size) {
      this.#filter.double();
      this.#stalePartsBelow = PARTS;
    }
    if (this.#stalePartsBelow > 0) this.#refill(--this.#stalePartsBelow);
  }

  #refill(part: number): void {
    this.#filter.clear(part);
    this.#segments[part]?.addAllTo(this.#filter);
  }

  /** How many calls of `purgeNextPart` go over the whole map. */
  static readonly parts = PARTS;
}
