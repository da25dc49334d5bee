/**
 * The state of the feed.
 * - `connecting`: the guard has never received all revocations.
 * - `live`: it has received all of them, and hears of each new one immediately.
 * - `stale`: it was live, and is trying to connect again.
 * - `closed`: it was closed.
 */
export type RevocationFeedState = 'connecting' | 'live' | 'stale' | 'closed';

/** The state of the feed, how fresh the revocations are, and what went wrong. */
export interface RevocationFeedStatus {
  /** What the feed is doing. */
  readonly state: RevocationFeedState;
  /** Whether the feed is open now. */
  readonly connected: boolean;
  /** The position in the revocation log up to which the guard has received entries; 0 before the first. */
  readonly lastSeq: number;
  /** ms since the guard last knew of every revocation; undefined if it never did. */
  readonly staleness: number | undefined;
  /** Why the last connection ended or failed, in a sentence; undefined while live and before the first attempt. */
  readonly error: string | undefined;
  /**
   * How many entries and events were skipped because this version does not know their kind. Above 0: the server is
   * newer, and this guard may miss revocations of a new kind until it is updated.
   */
  readonly skipped: number;
}

/** The state of the feed, and whether `onStale` applies. */
export interface RevocationWatchStatus extends RevocationFeedStatus {
  /** Whether `maxStaleness` has passed, so that `onStale` applies. */
  readonly stale: boolean;
}
