import { setImmediate } from 'node:timers/promises';
import { type Clock, createStopwatch } from '../../kernel/clock.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import { RevocationIndex } from '../../revocation/revocation-index.ts';
import type { Store } from '../ports/store.ts';
import { encodeInBatches, RevocationHistory } from './revocation-history.ts';

/** What came to the log, as the feed carries it. */
export interface RevocationNews {
  /** Entries, each batch as {@link encodeRevocations} writes it. */
  readonly batches: readonly string[];
  /**
   * How far the log is known without a gap; undefined where that did not move, because entries of this
   * node's came ahead of others that it has not read yet.
   */
  readonly position: number | undefined;
}

/** Who holds keys that the log tells of. */
export interface KeyFollower {
  /** Drops the keys that were revoked. */
  notifyIfChanged(): void;
  /** Reads the keys again. */
  reload(): Promise<void>;
}

/**
 * This node's copy of the live revocation log. What this node revokes it applies at once; what others
 * revoke it learns by `catchUp`. Who follows it hears of both.
 */
export class RevocationLog {
  readonly index = new RevocationIndex();
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #elapsed: () => number;
  readonly #history = new RevocationHistory();
  readonly #followers = new Set<(news: RevocationNews) => void>();
  /** How far the log was read. Entries applied by ourselves do not move it: another node's may lie before them. */
  #read = 0;
  /** Entries applied by ourselves and not read yet, by their seq. */
  readonly #ahead = new Map<number, Revocation>();
  #failingSince: number | undefined;
  #keys: KeyFollower | undefined;
  #areKeysStale = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#elapsed = createStopwatch(clock);
  }

  /** Every entry up to here is known. Entries after it may be known too. */
  get position(): number {
    return this.#read;
  }

  /** ms for which the log could not be read: others may have revoked what is not known here. */
  get silenceMs(): number {
    return this.#failingSince === undefined ? 0 : this.#elapsed() - this.#failingSince;
  }

  apply(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) {
      this.index.apply(revocation);
      if (revocation.seq > this.#read) this.#ahead.set(revocation.seq, revocation);
    }
    // Before anybody is told: a guard that hears of a revoked key fetches the key set.
    this.#noticeKeys(revocations);
    if (revocations.length > 0) this.#publish(revocations, undefined);
  }

  /** Reads what was appended since the last time. Before the first answer, this loads all live entries. */
  async catchUp(): Promise<void> {
    const { revocations, lastSeq } = await this.#readLog();
    const unheard = this.#findUnheard(revocations);
    for (const revocation of unheard) this.index.apply(revocation);
    this.#noticeKeys(unheard);
    if (this.#areKeysStale) await this.#tellAfterReload(unheard);
    this.#advance(revocations, lastSeq);
  }

  /**
   * Calls back with all that comes to the log from now on.
   * @returns ends it
   */
  follow(follower: (news: RevocationNews) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /**
   * Every live entry after a position, in batches as the news has them, settled at the call. Who begins to
   * follow in the same turn misses nothing; some entries come twice.
   */
  after(position: number): string[] {
    const ahead = [...this.#ahead.values()];
    return [...this.#history.after(position), ...encodeInBatches(ahead)];
  }

  /** Names who is to be told when the log says that the keys have changed. */
  followKeys(keys: KeyFollower): void {
    this.#keys = keys;
  }

  /** Forgets what no living token can be affected by. Lets requests be answered in between. */
  async purgeExpired(): Promise<void> {
    this.#history.purgeExpired(this.#clock.now());
    for (const _ of this.index.pruneInSteps(this.#clock.now())) await setImmediate();
  }

  async #readLog(): ReturnType<Store['listRevocations']> {
    const now = this.#clock.now();
    const begun = this.#elapsed();
    try {
      const answer = await this.#store.listRevocations({ after: this.#read, now });
      this.#failingSince = undefined;
      return answer;
    } catch (error) {
      this.#failingSince ??= begun;
      // By the time it answers again, an entry about keys may have left the log.
      this.#areKeysStale = true;
      throw error;
    }
  }

  /** Those that neither an earlier reading nor this node itself has told of. */
  #findUnheard(revocations: readonly Revocation[]): Revocation[] {
    return revocations.filter(({ seq }) => seq > this.#read && !this.#ahead.has(seq));
  }

  /** Another reading may have come first: what it told of is not told again. */
  #advance(revocations: readonly Revocation[], lastSeq: number): void {
    if (lastSeq <= this.#read) return;
    const unheard = this.#findUnheard(revocations);
    this.#history.append(revocations.filter(({ seq }) => seq > this.#read));
    this.#read = lastSeq;
    for (const seq of this.#ahead.keys()) if (seq <= lastSeq) this.#ahead.delete(seq);
    this.#publish(unheard, lastSeq);
  }

  /**
   * Reads the keys before the news of them goes out: a guard fetches the key set as soon as it hears of
   * new keys, and must find them there. Everything that is revoked is told without waiting for that.
   * @throws {StoreUnavailable} then the log is read again from where it was
   */
  async #tellAfterReload(unheard: readonly Revocation[]): Promise<void> {
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
