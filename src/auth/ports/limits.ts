import type { AuditEvent } from '../audit/event.ts';
import type { BucketKind } from '../limits/bucket-kinds.ts';
import type { BucketRule, BucketState } from '../limits/bucket-rule.ts';

/** A bucket of attempts as stored. Its key is a MAC, so the table has no name and no address. */
export interface BucketRecord extends BucketState {
  /** In the form of a UUID. */
  readonly key: string;
  readonly kind: BucketKind;
  /** The sealed id of the user, once the bucket refuses attempts at a known account; null: none. */
  readonly subject: string | null;
}

/** The place of one attempt in one bucket. */
export interface Place {
  readonly key: string;
  readonly kind: BucketKind;
  readonly rule: BucketRule;
}

/** What becomes of an attempt's places when it turns out not to be a failure. The rest of the places stay taken. */
export interface PlacesLeft {
  /** The buckets that start again from zero. */
  readonly cleared: readonly string[];
  /** The buckets that get one place back. */
  readonly returned: readonly string[];
}

/** A bucket that admits no attempt now. */
export interface ClosedBucket {
  readonly key: string;
  /** When it admits the next one; ms since the epoch. */
  readonly openAt: number;
}

/** The outcome of {@link LimitStore.takePlaces}. */
export type PlacesResult =
  | {
      readonly status: 'taken';
      /** For each place in its order: how many are taken in its bucket, this one included. */
      readonly attempts: readonly number[];
    }
  | { readonly status: 'refused'; readonly closed: readonly ClosedBucket[] };

/** The verbs for the limits of guessing. Times are ms since the epoch. */
export interface LimitStore {
  /**
   * Takes a place in each of these buckets, or in none of them if one is closed. The attack: many attempts at the same
   * moment, on one node or on many; no more than the rules allow are admitted. A refusal writes nothing.
   */
  takePlaces(args: { places: readonly Place[]; now: number }): Promise<PlacesResult>;

  /** Clears buckets and gives places back. `openSession` and `changePassword` do the same in their transaction. */
  leavePlaces(args: PlacesLeft): Promise<void>;

  /** Stores whose bucket it is. Does nothing if there is no such bucket. */
  nameBucket(args: { key: string; subject: string | null }): Promise<void>;

  /** Finds a bucket by its key. */
  findBucket(args: { key: string }): Promise<BucketRecord | undefined>;

  /** Removes buckets. If there was one, records the event. */
  removeBuckets(args: { keys: readonly string[]; event: AuditEvent }): Promise<{ found: boolean }>;

  /** Lists closed buckets of a kind in the order of their keys. `after` is the last key of the previous page. */
  listClosedBuckets(args: {
    kind: BucketKind;
    now: number;
    after: string | null;
    limit: number;
  }): Promise<BucketRecord[]>;
}
