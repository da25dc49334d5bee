import type { Revocation } from '../revocation/revocation.ts';
import { RevocationIndex } from '../revocation/revocation-index.ts';
import type { Clock, Store } from './ports.ts';

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

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  apply(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) this.index.apply(revocation);
  }

  /** Reads what was appended since the last time. Before the first answer, this loads all live entries. */
  async catchUp(): Promise<void> {
    const { revocations, lastSeq } = await this.#store.listRevocations({
      after: this.#read,
      now: this.#clock.now(),
    });
    this.apply(revocations);
    this.#read = Math.max(this.#read, lastSeq);
  }

  /** Forgets what no living token can be affected by. */
  prune(): void {
    this.index.prune(this.#clock.now());
  }
}
