import { Readable } from 'node:stream';
import type { AuditEvent } from '../../../auth/audit/event.ts';
import { parseAddress } from '../../http/client-address.ts';
import { toEventView } from '../../http/views.ts';
import type { AdminHandler } from './admin-call.ts';

const LINES = 'application/x-ndjson';

export const auditHandlers = {
  async adminAudit({ administration, query, reply }) {
    const search = normalizeAddress(query);
    if (reply.request.headers.accept?.includes(LINES) === true) {
      const pages = administration.audit.export(search);
      reply.type(LINES).header('content-disposition', 'attachment; filename="audit.jsonl"');
      // The stream asks for the next page only when the client has taken the one before.
      return reply.send(
        Readable.from(toLines(pages), { objectMode: false, highWaterMark: 65_536 }),
      );
    }
    const { events, nextCursor } = await administration.audit.list(search);
    return { events: events.map((event) => toEventView(event)), next_cursor: nextCursor };
  },
} satisfies Record<string, AdminHandler>;

async function* toLines(pages: AsyncGenerator<readonly AuditEvent[]>): AsyncGenerator<string> {
  for await (const events of pages) {
    if (events.length === 0) continue;
    yield events.map((event) => `${JSON.stringify(toEventView(event))}\n`).join('');
  }
}

/** An address is stored in one spelling. What is not an address is in no event. */
function normalizeAddress(query: unknown): unknown {
  const { address } = Object(query);
  if (typeof address !== 'string') return query;
  return { ...Object(query), address: parseAddress(address) ?? address };
}
