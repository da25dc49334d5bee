import type { OwnEvent } from '../../../auth/audit/own-events.ts';
import { toTime } from '../../http/views.ts';

/** An event as the user whom it is about sees it. */
export function toOwnEventView(event: OwnEvent): object {
  return {
    id: event.id,
    at: toTime(event.at),
    type: event.type,
    outcome: event.outcome,
    reason: event.reason,
    actor: event.actor,
    device: event.userAgent,
    address: event.address,
    session_id: event.sessionId,
  };
}
