import type { AuthContext } from '../../../context.ts';
import { findOwner, isErased } from '../event-proof.ts';
import type { Findings } from './report.ts';
import type { SealedRecord } from './sealed-record.ts';

/**
 * How long after the oldest event an erased event need not have its deletion behind it: an event that was committed
 * after its person was deleted has the greater number, and retention may have removed the deletion already.
 */
const LATE_MS = 3_600_000;

/**
 * Checks that only deleted people have lost their personal fields. The attack: a thief removes the address from an
 * event, as if its person had been deleted.
 */
export class ErasureCheck {
  /** How many events have lost their personal fields. */
  count = 0;
  readonly #deleted = new Set<string>();
  /** One erased event of each person. */
  readonly #erased = new Map<string, SealedRecord>();
  readonly #findings: Findings;

  readonly #adoptedUpTo: number;

  /** @param adoptedUpTo the last event from before the chain: version 0.1 kept nothing of a deletion that was long ago */
  constructor(findings: Findings, adoptedUpTo: number) {
    this.#findings = findings;
    this.#adoptedUpTo = adoptedUpTo;
  }

  see(record: SealedRecord): void {
    if (record.type === 'user_deleted' && record.userId !== null) this.#deleted.add(record.userId);
    if (!isErased(record)) return;
    this.count += 1;
    if (record.seq <= this.#adoptedUpTo) return;
    const owner = findOwner(record);
    if (owner === undefined) this.#report(record);
    else if (!this.#erased.has(owner.userId)) this.#erased.set(owner.userId, record);
  }

  /**
   * @param oldestAt the time of the oldest event, if retention has removed others; ms since the epoch
   * @throws {StoreUnavailable}
   */
  async finish({ store }: AuthContext, oldestAt: number | undefined): Promise<void> {
    for (const [userId, record] of this.#erased) {
      if (this.#deleted.has(userId)) continue;
      if (oldestAt !== undefined && record.at < oldestAt + LATE_MS) continue;
      // The deletion may not be sealed yet.
      const filter = { subjectKind: 'user', subjectId: userId, types: ['user_deleted'] } as const;
      const found = await store.listEvents({ order: 'newest first', filter, limit: 1 });
      if (found.length === 0) this.#report(record);
    }
  }

  #report({ seq, id }: SealedRecord): void {
    const detail =
      'This event was changed: its address and its user agent were removed, though no user was deleted.';
    this.#findings.add('changed', seq, detail, id);
  }
}
