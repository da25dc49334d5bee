import { createUuidFloor } from '../../kernel/uuid.ts';
import type { AuthContext } from '../context.ts';
import { cutPage } from '../page.ts';
import type { AuditEvent } from './event.ts';
import type { AuditEventFilter } from './event-filter.ts';
import { EventFollower } from './event-follower.ts';

const LIMIT_MAX = 1000;
const LIMIT_DEFAULT = 100;

/** Which events to read: those that meet all conditions. Default: all. */
export interface AuditQuery extends AuditEventFilter {
  /** Only events from this time on; ms since the epoch. */
  readonly since?: number;
  /** Only events before this time; ms since the epoch. */
  readonly until?: number;
}

/** A page of the audit trail. */
export interface AuditPage {
  /** The newest first. */
  readonly events: readonly AuditEvent[];
  /** The `after` of the next page; null: this was the last one. */
  readonly nextCursor: string | null;
}

/**
 * Reads the audit trail.
 *
 * ```ts
 * const { events } = await auth.audit.list({ types: ['login_failed'], since: Date.now() - 3_600_000 });
 * ```
 */
export class AuditTrail {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /**
   * Lists events page by page, the newest first. An event that is written meanwhile neither shifts nor repeats
   * the events of later pages.
   * @param page `after`: the `nextCursor` of the page before; `limit`: 1 to 1,000, default 100
   * @throws {StoreUnavailable}
   */
  async list(
    { since, until, ...filter }: AuditQuery = {},
    page: { readonly after?: string; readonly limit?: number } = {},
  ): Promise<AuditPage> {
    const limit = Math.min(Math.max(Math.trunc(page.limit ?? LIMIT_DEFAULT), 1), LIMIT_MAX);
    const ends = [page.after, until === undefined ? undefined : createUuidFloor(until)];
    const found = await this.#context.store.listEvents({
      order: 'newest first',
      filter,
      after: since === undefined ? null : createUuidFloor(since),
      before: ends.filter((end) => end !== undefined).toSorted()[0] ?? null,
      limit: limit + 1,
    });
    const { rows, nextCursor } = cutPage(found, limit);
    return { events: rows, nextCursor };
  }

  /** Follows the trail: the latest events, then those that are written from then on. */
  follow(filter: AuditEventFilter = {}): EventFollower {
    return new EventFollower(this.#context, filter);
  }
}
