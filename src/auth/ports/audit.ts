import type { AuditEvent } from '../audit/event.ts';
import type { AuditEventFilter } from '../audit/event-filter.ts';

/** The verbs for the audit trail. */
export interface AuditStore {
  /** Writes an event that belongs to no other change, such as a refused sign-in. */
  recordEvent(event: AuditEvent): Promise<void>;

  /**
   * Lists events in the order of their ids, between `after` and `before`, both excluded. Ids begin with the time, so
   * either may also be the result of `createUuidFloor`, which stands for a time.
   */
  listEvents(args: {
    order: 'newest first' | 'oldest first';
    filter?: AuditEventFilter;
    after?: string | null;
    before?: string | null;
    limit: number;
  }): Promise<AuditEvent[]>;
}
