import type { CheckpointCause } from '../chain-state.ts';

/**
 * What was done to the audit trail, as far as it can be told:
 *
 * - `changed`: an event is not as it was sealed, or its personal fields are gone though its person is not deleted;
 * - `removed`: events between others are missing;
 * - `reordered`: an event is in another place than where it was sealed;
 * - `inserted`: no server of this database wrote the event, or it is there without having been sealed;
 * - `cut_off_at_start`, `cut_off_at_end`: the oldest or the newest events are missing;
 * - `unverifiable`: events cannot be verified, because the state of the chain was lost or changed, or their key is gone.
 */
export type FindingKind =
  | 'changed'
  | 'removed'
  | 'reordered'
  | 'inserted'
  | 'cut_off_at_start'
  | 'cut_off_at_end'
  | 'unverifiable';

/** A place in the chain where something is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  /** The numbers of the first and the last event concerned. */
  readonly from: number;
  readonly to: number;
  /** The id of the event, if it is one that is there. */
  readonly id: string | null;
  /** A sentence for the operator. */
  readonly detail: string;
}

/** What was verified, and what was found. */
export interface ChainReport {
  /** Whether nothing was found. */
  readonly isIntact: boolean;
  /** How many events were verified. */
  readonly verified: number;
  /** The first and the last of them; null if there is none. Times are ms since the epoch. */
  readonly first: { readonly seq: number; readonly at: number } | null;
  readonly last: { readonly seq: number; readonly at: number } | null;
  /** Where the chain ends, to be kept outside of the database: `<number>.<MAC>`. Null: nothing is sealed yet. */
  readonly head: string | null;
  /** Where the chain begins, and where it goes on under another key or after a break. */
  readonly checkpoints: readonly {
    readonly seq: number;
    readonly cause: CheckpointCause;
    readonly at: number;
  }[];
  /** How many events were there before the chain, written by version 0.1. They were sealed as they were found. */
  readonly adopted: number;
  /** How many events of deleted people have lost their personal fields. */
  readonly erased: number;
  /** Events that are not sealed yet. The chain does not protect them. */
  readonly unsealed: { readonly count: number; readonly oldestAt: number | null };
  /** How many findings there are of each kind. */
  readonly counts: Readonly<Partial<Record<FindingKind, number>>>;
  /** The first of them, at most 100. */
  readonly findings: readonly Finding[];
}

/** Findings that a report lists. */
const MAX_FINDINGS = 100;

/** How to verify. */
export interface VerifyOptions {
  /** A head that an earlier report named. It must be in the chain. */
  readonly head?: { readonly seq: number; readonly mac: string } | undefined;
  /** Called after each page: how many events are done, and how many there are in total. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Collects findings. Of many, it keeps the first, and counts all. */
export class Findings {
  readonly list: Finding[] = [];
  readonly counts: Partial<Record<FindingKind, number>> = {};

  add(
    kind: FindingKind,
    range: number | readonly [from: number, to: number],
    detail: string,
    id: string | null = null,
  ): void {
    const [from, to] = typeof range === 'number' ? [range, range] : range;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (this.list.length < MAX_FINDINGS) this.list.push({ kind, from, to, id, detail });
  }

  get isEmpty(): boolean {
    return Object.keys(this.counts).length === 0;
  }
}
