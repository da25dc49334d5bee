import type { RootKey } from '../../../keys/root-keys.ts';
import { type ChainPlace, createEventMac, createLink } from '../chain-link.ts';
import type { Checkpoint } from '../chain-state.ts';
import { hasOwnFields } from '../event-proof.ts';
import type { Findings } from './report.ts';
import { describeSealed, type SealedRecord } from './sealed-record.ts';
import { findOldPlaces, type Suspect } from './suspects.ts';

/** Suspects that are compared with each other's places. Beyond that they are all called changed. */
const MAX_SUSPECTS = 30;

/**
 * Goes along the chain, event by event, and finds those that do not follow from the ones before. After a finding it
 * goes on from what is stored, so that one change is one finding.
 */
export class ChainWalk {
  readonly #findings: Findings;
  readonly #checkpoints: readonly [Checkpoint, ...Checkpoint[]];
  readonly #roots: readonly RootKey[];
  /** Where it is. */
  #place: ChainPlace;
  /** The checkpoint that it has passed last, by its place in the list. */
  #passed = 0;
  /** The MAC of the last event that was as it was sealed. */
  #lastGoodMac: string;
  /** By how much later numbers were moved to hide a removal (positive) or an insertion (negative). */
  #shift = 0;
  /** Whether the MAC of the event before is not known. */
  #isAfterGap = false;
  #suspects: Suspect[] = [];
  readonly #unexplained: Suspect[] = [];
  /** Whether something was found since the last checkpoint, so that the hash there differs in any case. */
  #isDoubtful = false;

  constructor(
    checkpoints: readonly [Checkpoint, ...Checkpoint[]],
    roots: readonly RootKey[],
    findings: Findings,
  ) {
    const [begin] = checkpoints;
    this.#place = begin;
    this.#lastGoodMac = begin.mac;
    this.#checkpoints = checkpoints;
    this.#roots = roots;
    this.#findings = findings;
  }

  /** Checks the next event. */
  step(record: SealedRecord): void {
    const { seq, mac } = record;
    this.#passCheckpoints(seq - 1);
    this.#findGap(seq - 1, this.#place.seq === this.#checkpoints[0].seq);
    this.#checkMac(record);
    if (!hasOwnFields(record)) {
      this.#addChanged(record, 'its address or its user agent is not what was recorded');
    }
    const link = createLink(this.#place.link, mac, describeSealed(record));
    this.#place = { seq, mac, link };
  }

  /** Ends at the head of the chain. */
  finish(head: ChainPlace): void {
    this.#passCheckpoints(head.seq);
    this.#settle();
    this.#explain();
    const next = this.#place.seq + 1;
    if (next <= head.seq) {
      this.#findings.add(
        'cut_off_at_end',
        [next, head.seq],
        `The newest events are missing: the chain ends with event ${head.seq}, and the last that is there is ${this.#place.seq}.`,
      );
    }
    this.#compareHash(head);
  }

  #findGap(until: number, isAtStart: boolean): void {
    const from = this.#place.seq + 1;
    if (from > until) return;
    const what = from === until ? `Event ${from} was` : `Events ${from} to ${until} were`;
    this.#findings.add(
      isAtStart ? 'cut_off_at_start' : 'removed',
      [from, until],
      isAtStart
        ? `The oldest events are missing: the chain begins with event ${from}, and the first that is there is ${until + 1}.`
        : `${what} removed.`,
    );
    this.#settle();
    this.#isAfterGap = true;
    this.#isDoubtful = true;
  }

  #checkMac(record: SealedRecord): void {
    const root = this.#findRoot();
    // The key of an earlier part may be gone. Then the hash at the next checkpoint tells whether something changed.
    if (root === undefined) return;
    const previousMac = this.#place.mac;
    const follows = (mac: string, shift: number) =>
      record.mac === createEventMac(root, mac, describeSealed(record, record.seq + shift));
    if (follows(previousMac, this.#shift)) {
      this.#settle();
    } else if (
      this.#suspects.length > 0 &&
      follows(this.#lastGoodMac, this.#shift - this.#suspects.length) &&
      // Neighbours that changed places look the same at first.
      findOldPlaces([...this.#suspects, { record, previousMac }], root).size === 1
    ) {
      // Without the suspects the chain goes on: they were put in, and the later numbers moved up.
      this.#shift -= this.#suspects.length;
      for (const { record: it } of this.#suspects.splice(0)) {
        const detail = 'This event was inserted between others after they were sealed.';
        this.#findings.add('inserted', it.seq, detail, it.id);
      }
    } else if (this.#suspects.length > 0 && follows(previousMac, this.#shift + 1)) {
      // The numbers after a removal were moved down. The event after it follows one that is gone.
      this.#shift += 1;
      const moved = this.#suspects.pop();
      this.#settle();
      const detail = 'An event was removed before this one, and the numbers after it were changed.';
      this.#findings.add('removed', moved?.record.seq ?? record.seq, detail);
    } else if (!this.#isAfterGap) {
      this.#isDoubtful = true;
      this.#suspects.push({ record, previousMac });
      if (this.#suspects.length > MAX_SUSPECTS) this.#settle();
      return;
    }
    this.#isAfterGap = false;
    this.#lastGoodMac = record.mac;
  }

  /** The chain goes on after the suspects. Where they belong may only show later. */
  #settle(): void {
    this.#unexplained.push(...this.#suspects.splice(0));
    if (this.#unexplained.length > MAX_SUSPECTS) this.#explain();
  }

  /** Decides what happened to the events that did not fit. */
  #explain(): void {
    const suspects = this.#unexplained.splice(0);
    if (suspects.length === 0) return;
    const root = this.#findRoot();
    const places = root && findOldPlaces(suspects, root);
    for (const { record } of suspects) {
      const place = places?.get(record);
      // Only the one before it is another.
      if (place === record.seq) continue;
      if (place === undefined) {
        this.#addChanged(record, 'it is not as it was sealed');
        continue;
      }
      const detail = `This event was number ${place} when it was sealed.`;
      this.#findings.add('reordered', record.seq, detail, record.id);
    }
  }

  #addChanged({ seq, id }: SealedRecord, what: string): void {
    this.#isDoubtful = true;
    this.#findings.add('changed', seq, `This event was changed: ${what}.`, id);
  }

  /** Passes the checkpoints up to a number, and goes on from each. */
  #passCheckpoints(until: number): void {
    for (;;) {
      const next = this.#checkpoints[this.#passed + 1];
      if (next === undefined || next.seq > until) return;
      const { seq, mac, link, cause } = next;
      this.#findGap(seq, this.#place.seq === this.#checkpoints[0].seq);
      this.#settle();
      this.#explain();
      if (cause !== 'break') this.#compareHash(next);
      this.#passed += 1;
      this.#place = { seq, mac, link };
      this.#lastGoodMac = mac;
      this.#shift = 0;
      this.#isAfterGap = false;
      this.#isDoubtful = false;
    }
  }

  /** The hash over all events also shows what no MAC can show: a change among events whose key is gone. */
  #compareHash({ seq, link, mac }: ChainPlace): void {
    if (this.#isDoubtful || this.#place.seq !== seq) return;
    if (this.#place.link === link && this.#place.mac === mac) return;
    const from = (this.#checkpoints[this.#passed]?.seq ?? 0) + 1;
    this.#findings.add(
      'changed',
      [from, seq],
      `Something was changed among events ${from} to ${seq}, or before them. It cannot be told what.`,
    );
  }

  #findRoot(): RootKey | undefined {
    const { root } = this.#checkpoints[this.#passed] ?? this.#checkpoints[0];
    return this.#roots.find(({ id }) => id === root);
  }
}
