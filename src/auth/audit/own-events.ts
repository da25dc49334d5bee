import type { AuthContext } from '../context.ts';
import { cutPage, parsePage } from '../page.ts';
import type { Principal } from '../sessions/principal.ts';
import type { AuditEvent } from './event.ts';

/** Who acted, as a user is told it. `anonymous`: the actor is not proven, as in a failed sign-in. */
export type OwnEventActor = 'self' | 'anonymous' | 'administrator' | 'system';

/** An event about a user, as the user sees it. */
export interface OwnEvent
  extends Pick<
    AuditEvent,
    'id' | 'at' | 'type' | 'sessionId' | 'outcome' | 'reason' | 'address' | 'userAgent'
  > {
  /** Who caused it. */
  readonly actor: OwnEventActor;
}

/** A page of the events about a user. */
export interface OwnEventPage {
  /** The newest first. */
  readonly events: readonly OwnEvent[];
  /** The `after` of the next page; null: this was the last one. */
  readonly nextCursor: string | null;
}

/** Lists the events about the user of a token: see `Auth.listEvents`. */
export async function listOwnEvents(
  { store }: AuthContext,
  { sub }: Principal,
  page: unknown,
): Promise<OwnEventPage> {
  const { after, limit } = parsePage(page);
  const found = await store.listEvents({
    order: 'newest first',
    filter: { subjectKind: 'user', subjectId: sub },
    before: after,
    limit: limit + 1,
  });
  const { rows, nextCursor } = cutPage(found, limit);
  return { events: rows.map((event) => toOwnEvent(event, sub)), nextCursor };
}

function toOwnEvent(event: AuditEvent, userId: string): OwnEvent {
  const { id, at, type, sessionId, outcome, reason, address, userAgent } = event;
  const actor = findActor(event, userId);
  // The address of an administrator is not for the users.
  const isShown = actor === 'self' || actor === 'anonymous';
  const from = { address: isShown ? address : null, userAgent: isShown ? userAgent : null };
  return { id, at, type, sessionId, outcome, reason, actor, ...from };
}

function findActor({ actor }: AuditEvent, userId: string): OwnEventActor {
  switch (actor.kind) {
    case 'user':
      return actor.id === userId ? 'self' : 'administrator';
    case 'operator':
      return 'administrator';
    case 'system':
    case 'client':
      return 'system';
    default:
      return 'anonymous';
  }
}
