import type { Session } from '../../../auth/model.ts';
import { toTime } from '../../http/views.ts';

/** A session as its user sees it. */
export function toSessionView(session: Session, currentId: string): Record<string, unknown> {
  return {
    id: session.id,
    current: session.id === currentId,
    device: session.userAgent,
    address: session.address,
    created_at: toTime(session.createdAt),
    last_used_at: toTime(session.rotatedAt),
    expires_at: toTime(session.expiresAt),
  };
}
