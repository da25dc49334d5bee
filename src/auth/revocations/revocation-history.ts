import type { Revocation } from '../../revocation/revocation.ts';
import { encodeRevocations } from '../../revocation/revocation-wire.ts';

/** Entries in a batch: some 20 kB of text. */
const BATCH_SIZE = 256;

/** Encodes entries for the feed, in batches of a bounded length. */
export function encodeInBatches(entries: readonly Revocation[]): string[] {
  const batches: string[] = [];
  for (let at = 0; at < entries.length; at += BATCH_SIZE) {
    batches.push(encodeRevocations(entries.slice(at, at + BATCH_SIZE)));
  }
  return batches;
}

interface Batch {
  readonly lastSeq: number;
  /** When the last of its entries expires; ms since the epoch. */
  readonly expiresAt: number;
  readonly text: string;
}

/**
 * The live revocation log in order, encoded for the feed, so that a new listener costs no query and little encoding. An
 * entry takes some 80 bytes.
 */
export class RevocationHistory {
  #batches: Batch[] = [];
  #open: Revocation[] = [];

  /** Appends entries, in the order of `seq`. */
  append(entries: readonly Revocation[]): void {
    for (const entry of entries) {
      this.#open.push(entry);
      if (this.#open.length === BATCH_SIZE) this.#seal(entry.seq);
    }
  }

  /**
   * Returns every live entry after a position, in batches, possibly with a few before it. Entries that are appended
   * later are not in them.
   */
  after(position: number): string[] {
    const texts = this.#batches.filter(({ lastSeq }) => lastSeq > position).map(({ text }) => text);
    const open = this.#open.filter(({ seq }) => seq > position);
    return [...texts, ...encodeInBatches(open)];
  }

  /** Drops the batches whose entries have all expired. */
  purgeExpired(now: number): void {
    this.#batches = this.#batches.filter(({ expiresAt }) => expiresAt > now);
  }

  #seal(lastSeq: number): void {
    const expiresAt = this.#open.reduce((latest, it) => Math.max(latest, it.expiresAt), 0);
    this.#batches.push({ lastSeq, expiresAt, text: encodeRevocations(this.#open) });
    this.#open = [];
  }
}
