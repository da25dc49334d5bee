import type { AuditEvent } from '../../src/auth/audit/event.ts';
import type { Store } from '../../src/auth/ports/store.ts';

/** The latest events about a user, or all of them where `userId` is null; the newest first. */
export function latestEvents(
  store: Pick<Store, 'listEvents'>,
  userId: string | null,
  limit: number,
): Promise<AuditEvent[]> {
  const filter = userId === null ? {} : ({ subjectKind: 'user', subjectId: userId } as const);
  return store.listEvents({ order: 'newest first', filter, limit });
}
