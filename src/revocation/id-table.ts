import { IdFilter } from './id-filter.ts';
import type { IdForm } from './id-forms.ts';
import { ABSENT, hashOf, PARTS, partOf } from './id-hash.ts';
import { IdSegment } from './id-segment.ts';

/** Of the filter, for each entry, at least. */
const FILTER_BITS = 16;

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
  readonly #segments: (IdSegment | undefined)[] = Array.from({ length: PARTS }, () => undefined);
  readonly #filter = new IdFilter();
  readonly #words = new Uint32Array(4);
  #size = 0;
  /** The part that is swept next. */
  #next = 0;
  /** The parts below it have the marks of a smaller filter, doubled. */
  #coarse = 0;

  constructor(form: IdForm, options: { withValues: boolean }) {
    this.#form = form;
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

  /** What `mayHold` and `find` look for, or {@link ABSENT} where the id is not of the table's form. */
  hashOf(id: string): number {
    // To read an id costs more than all else here.
    const last = this.#size === 0 ? ABSENT : this.#form.parseLast(id);
    return last === ABSENT ? ABSENT : hashOf(last);
  }

  /** False where an id with this hash is surely not there. */
  mayHold(hash: number): boolean {
    return hash !== ABSENT && this.#filter.has(hash);
  }

  /** The number that goes with an id, or {@link ABSENT}. */
  find(id: string, hash = this.hashOf(id)): number {
    if (!this.mayHold(hash) || !this.#form.parse(id, this.#words)) return ABSENT;
    return this.#segments[partOf(hash)]?.find(hash, this.#words) ?? ABSENT;
  }

  /** Keeps the greater number and the later time. False where the id is not of the table's form. */
  raise(id: string, value: number, expiresAt: number): boolean {
    if (!this.#form.parse(id, this.#words)) return false;
    const hash = hashOf(this.#words[3] ?? 0);
    const part = partOf(hash);
    const segment = this.#segments[part] ?? new IdSegment(this.#withValues);
    this.#segments[part] = segment;
    if (segment.raise(hash, this.#words, value, expiresAt)) {
      this.#size++;
      this.#growFilter();
      this.#filter.add(hash);
    }
    return true;
  }

  /** Forgets what expires at `now` or before, in the next of its {@link sweeps} parts. */
  sweepNext(now: number): void {
    const part = this.#next;
    this.#next = (part + 1) % PARTS;
    const forgotten = this.#segments[part]?.sweep(now) ?? 0;
    this.#size -= forgotten;
    // The marks of what was forgotten must not go on leading to looks in vain.
    if (forgotten > 0) this.#mark(part);
    if (this.#next > 0) return;
    while (this.#size * FILTER_BITS * 4 < this.#filter.size && this.#filter.halve());
  }

  /** All at once would take tens of milliseconds in a large table: so it is a part for each new entry. */
  #growFilter(): void {
    if (this.#size * FILTER_BITS > this.#filter.size) {
      this.#filter.double();
      this.#coarse = PARTS;
    }
    if (this.#coarse > 0) this.#mark(--this.#coarse);
  }

  #mark(part: number): void {
    this.#filter.clear(part);
    this.#segments[part]?.addAllTo(this.#filter);
  }

  /** How many sweeps go over all of it. */
  static readonly sweeps = PARTS;
}
