/** What is known of the feed of revocations. Times are ms since the epoch. */
export interface RevocationsStatus {
  /** Whether the feed is open now. */
  readonly connected: boolean;
  /** The last entry of the log that was heard of; 0 before the first. */
  readonly lastSeq: number;
  /** ms since the revocations were surely complete; undefined where they never were. */
  readonly staleness: number | undefined;
}
