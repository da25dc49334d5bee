import type { Revocation } from '../../revocation/revocation.ts';
import { encodeRevocations } from '../../revocation/revocation-wire.ts';

/** Entries to a batch: some 20 kB of text. */
const BATCH = 256;

/** The entries as texts for the wire, none of them long. */
export function encodeInBatches(entries: readonly Revocation[]): string[] {
  const batches: string[] = [];
  for (let at = 0; at < entries.length; at += BATCH) {
    batches.push(encodeRevocations(entries.slice(at, at + BATCH)));
  }
  return batches;
}

interface Batch {
  readonly lastSeq: number;
  /** Of the entry that lives the longest. */
  readonly expiresAt: number;
  readonly text: string;
}

/**
 * The live log in order, as text ready to be sent: a listener costs no query and no encoding. Some 80
 * bytes an entry.
 */
export class RevocationHistory {
  #batches: Batch[] = [];
  #open: Revocation[] = [];

  /** In order of `seq`. */
  append(entries: readonly Revocation[]): void {
    for (const entry of entries) {
      this.#open.push(entry);
      if (this.#open.length === BATCH) this.#seal(entry.seq);
    }
  }

  /**
   * Every live entry after a position, in batches; a few before it may be among them. It is settled at
   * the call: entries that come while it is read are not in it.
   */
  after(position: number): string[] {
    const texts = this.#batches.filter(({ lastSeq }) => lastSeq > position).map(({ text }) => text);
    const open = this.#open.filter(({ seq }) => seq > position);
    return [...texts, ...encodeInBatches(open)];
  }

  purgeExpired(now: number): void {
    this.#batches = this.#batches.filter(({ expiresAt }) => expiresAt > now);
  }

  #seal(lastSeq: number): void {
    const expiresAt = this.#open.reduce((latest, it) => Math.max(latest, it.expiresAt), 0);
    this.#batches.push({ lastSeq, expiresAt, text: encodeRevocations(this.#open) });
    this.#open = [];
  }
}
