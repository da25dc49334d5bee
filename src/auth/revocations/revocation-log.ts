import { setImmediate } from 'node:timers/promises';
import { type Clock, createStopwatch } from '../../kernel/clock.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import { RevocationIndex } from '../../revocation/revocation-index.ts';
import type { Store } from '../ports/store.ts';
import { encodeInBatches, RevocationHistory } from './revocation-history.ts';

/** What was appended to the log, encoded for the feed. */
export interface RevocationNews {
  /** The entries, as {@link encodeRevocations} encodes them. */
  readonly batches: readonly string[];
  /**
   * The `seq` up to which this node knows the log without a gap. Undefined if that did not change: the entries are
   * this node's own, and it has not read what may lie before them.
   */
  readonly position: number | undefined;
}

/** What holds the keys that entries of the log are about. */
export interface KeyFollower {
  /** Stops accepting keys that were revoked. */
  notifyIfChanged(): void;
  /** Reads the keys again. */
  reload(): Promise<void>;
}

/**
 * This node's copy of the live revocation log. It applies its own revocations when they are written, and reads those of
 * other nodes with `catchUp`. Followers get both.
 */
export class RevocationLog {
  readonly index = new RevocationIndex();
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #elapsed: () => number;
  readonly #history = new RevocationHistory();
  readonly #followers = new Set<(news: RevocationNews) => void>();
  /** The `seq` up to which the log was read. This node's own entries do not raise it: others may lie before them. */
  #read = 0;
  /** This node's own entries that were not read yet, by their `seq`. */
  readonly #ahead = new Map<number, Revocation>();
  #failingSince: number | undefined;
  #keys: KeyFollower | undefined;
  #areKeysStale = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#elapsed = createStopwatch(clock);
  }

  /** The `seq` up to which every entry is known. Later entries may be known too. */
  get position(): number {
    return this.#read;
  }

  /** How long the log could not be read. Other nodes may have written revocations since. */
  get silenceMs(): number {
    return this.#failingSince === undefined ? 0 : this.#elapsed() - this.#failingSince;
  }

  /** Applies revocations that this node wrote. */
  apply(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) {
      this.index.apply(revocation);
      if (revocation.seq > this.#read) this.#ahead.set(revocation.seq, revocation);
    }
    // Before followers are called: a guard that receives a revoked key fetches the key set.
    this.#noticeKeys(revocations);
    if (revocations.length > 0) this.#publish(revocations, undefined);
  }

  /** Reads what was appended since the last read. The first read loads all live entries. @throws {StoreUnavailable} */
  async catchUp(): Promise<void> {
    const { revocations, lastSeq } = await this.#readLog();
    const unheard = this.#findUnheard(revocations);
    for (const revocation of unheard) this.index.apply(revocation);
    this.#noticeKeys(unheard);
    if (this.#areKeysStale) await this.#publishAfterReload(unheard);
    this.#advance(revocations, lastSeq);
  }

  /**
   * Calls back with everything that is appended from now on.
   * @returns a function that ends this
   */
  follow(follower: (news: RevocationNews) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /**
   * Returns every live entry after a position, in batches. A follower that is added in the same turn of the event loop
   * misses nothing, and gets some entries twice.
   */
  after(position: number): string[] {
    const ahead = [...this.#ahead.values()];
    return [...this.#history.after(position), ...encodeInBatches(ahead)];
  }

  /** Sets what to call when an entry says that the keys have changed. */
  followKeys(keys: KeyFollower): void {
    this.#keys = keys;
  }

  /** Drops expired entries from memory. Requests are answered in between. */
  async purgeExpired(): Promise<void> {
    this.#history.purgeExpired(this.#clock.now());
    for (const _ of this.index.pruneInSteps(this.#clock.now())) await setImmediate();
  }

  async #readLog(): ReturnType<Store['listRevocations']> {
    const now = this.#clock.now();
    const startedAt = this.#elapsed();
    try {
      const answer = await this.#store.listRevocations({ after: this.#read, now });
      this.#failingSince = undefined;
      return answer;
    } catch (error) {
      this.#failingSince ??= startedAt;
      // When the database answers again, an entry about keys may have been purged from the log.
      this.#areKeysStale = true;
      throw error;
    }
  }

  /** The entries that were neither read nor applied before. */
  #findUnheard(revocations: readonly Revocation[]): Revocation[] {
    return revocations.filter(({ seq }) => seq > this.#read && !this.#ahead.has(seq));
  }

  /** Publishes what was read, unless another read was faster. */
  #advance(revocations: readonly Revocation[], lastSeq: number): void {
    if (lastSeq <= this.#read) return;
    const unheard = this.#findUnheard(revocations);
    this.#history.append(revocations.filter(({ seq }) => seq > this.#read));
    this.#read = lastSeq;
    for (const seq of this.#ahead.keys()) if (seq <= lastSeq) this.#ahead.delete(seq);
    this.#publish(unheard, lastSeq);
  }

  /**
   * Reads the keys before the entries about them are published: a guard fetches the key set as soon as it receives such
   * an entry, and must find the new keys there. Revocations are published without waiting for that.
   * @throws {StoreUnavailable} then the next `catchUp` reads the same entries
   */
  async #publishAfterReload(unheard: readonly Revocation[]): Promise<void> {
    const revoking = unheard.filter(({ kind }) => kind !== 'keys');
    for (const revocation of revoking) this.#ahead.set(revocation.seq, revocation);
    if (revoking.length > 0) this.#publish(revoking, undefined);
    await this.#reloadKeys();
  }

  #noticeKeys(revocations: readonly Revocation[]): void {
    if (!revocations.some(({ kind }) => kind === 'key' || kind === 'keys')) return;
    this.#areKeysStale = true;
    // A revoked key is refused from now on, even if the keys cannot be read.
    this.#keys?.notifyIfChanged();
  }

  async #reloadKeys(): Promise<void> {
    if (!this.#areKeysStale) return;
    this.#areKeysStale = false;
    try {
      await this.#keys?.reload();
    } catch (error) {
      this.#areKeysStale = true;
      throw error;
    }
  }

  #publish(revocations: readonly Revocation[], position: number | undefined): void {
    if (this.#followers.size === 0) return;
    const news = { batches: encodeInBatches(revocations), position };
    for (const follower of this.#followers) follower(news);
  }
}
