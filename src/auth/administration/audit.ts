import { parseAuditQuery } from '../audit/audit-query.ts';
import type { AuditPage, AuditTrail } from '../audit/audit-trail.ts';
import type { AuditEvent } from '../audit/event.ts';

/** Events that an export reads at a time. Only these are in memory. */
const EXPORT_PAGE_EVENTS = 500;

/** How administrators read the audit trail. */
export class AuditAdministration {
  readonly #audit: AuditTrail;

  constructor(audit: AuditTrail) {
    this.#audit = audit;
  }

  /** Lists events, the newest first. @param query of a request @throws {InvalidInput} */
  list(query: unknown): Promise<AuditPage> {
    const { query: filter, page } = parseAuditQuery(query);
    return this.#audit.list(filter, {
      limit: page.limit,
      ...(page.after === null ? {} : { after: page.after }),
    });
  }

  /**
   * Reads all events that meet the query, the newest first, a few hundred at a time as they are asked for.
   * @param query of a request; its `limit` has no effect
   * @throws {InvalidInput} before the first event
   */
  export(query: unknown): AsyncGenerator<readonly AuditEvent[]> {
    const { query: filter, page } = parseAuditQuery(query);
    return readAll(this.#audit, filter, page.after);
  }
}

async function* readAll(
  audit: AuditTrail,
  filter: Parameters<AuditTrail['list']>[0],
  start: string | null,
): AsyncGenerator<readonly AuditEvent[]> {
  for (let after = start, isFirst = true; isFirst || after !== null; isFirst = false) {
    const limit = EXPORT_PAGE_EVENTS;
    const page = await audit.list(filter, after === null ? { limit } : { limit, after });
    yield page.events;
    after = page.nextCursor;
  }
}
