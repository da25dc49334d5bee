import type { Revocation } from '../revocation/revocation.ts';
import { RevocationIndex } from '../revocation/revocation-index.ts';
import type { Clock, Store } from './ports.ts';

/** Who holds keys that the log tells of. */
export interface KeyFollower {
  /** Drops the keys that were revoked. */
  settle(): void;
  /** Reads the keys again. */
  reload(): Promise<void>;
}

/**
 * This node's copy of the live revocation log. What this node revokes it applies at once; what others
 * revoke it learns by `catchUp`.
 */
export class RevocationLog {
  readonly index = new RevocationIndex();
  readonly #store: Store;
  readonly #clock: Clock;
  /** How far the log was read. Entries applied by ourselves do not move it: another node's may lie before them. */
  #read = 0;
  #keys: KeyFollower | undefined;
  #areKeysStale = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Names who is to be told when the log says that the keys have changed. */
  follow(keys: KeyFollower): void {
    this.#keys = keys;
  }

  apply(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) this.index.apply(revocation);
    if (!revocations.some(({ kind }) => kind === 'key' || kind === 'keys')) return;
    this.#areKeysStale = true;
    // What is revoked is refused at once, even if the keys cannot be read just now.
    this.#keys?.settle();
  }

  /** Reads what was appended since the last time. Before the first answer, this loads all live entries. */
  async catchUp(): Promise<void> {
    const { revocations, lastSeq } = await this.#list();
    this.apply(revocations);
    this.#read = Math.max(this.#read, lastSeq);
    if (!this.#areKeysStale) return;
    this.#areKeysStale = false;
    try {
      await this.#keys?.reload();
    } catch (error) {
      this.#areKeysStale = true;
      throw error;
    }
  }

  async #list() {
    try {
      return await this.#store.listRevocations({ after: this.#read, now: this.#clock.now() });
    } catch (error) {
      // By the time it answers again, an entry about keys may have left the log.
      this.#areKeysStale = true;
      throw error;
    }
  }

  /** Forgets what no living token can be affected by. */
  prune(): void {
    this.index.prune(this.#clock.now());
  }
}
