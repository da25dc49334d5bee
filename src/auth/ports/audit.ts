import type { AuditEvent } from '../audit/event.ts';
import type { AuditEventFilter } from '../audit/event-filter.ts';

/** The verbs for the audit trail. */
export interface AuditStore {
  recordEvent(event: AuditEvent): Promise<void>;

  /**
   * Events in the order of their ids, `after` and `before` excluded. Ids begin with the time, so an end that is
   * not an id, such as that of `createUuidFloor`, stands for a time.
   */
  listEvents(args: {
    order: 'newest first' | 'oldest first';
    filter?: AuditEventFilter;
    after?: string | null;
    before?: string | null;
    limit: number;
  }): Promise<AuditEvent[]>;
}
