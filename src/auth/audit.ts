import type { AuditEvent, AuditEventType } from './model.ts';
import type { Clock, Random } from './ports.ts';
import { createUuid } from './uuid.ts';

/** Who asks: what the session list and the audit trail show. */
export interface Caller {
  readonly address: string | null;
  readonly userAgent: string | null;
}

/** For what no request asked: the command line, seeding, the host's own code. */
export const NO_CALLER: Caller = { address: null, userAgent: null };

const USER_AGENT_MAX = 256;

/** Makes audit events. */
export type EventMaker = (
  type: AuditEventType,
  about: { userId: string | null; sessionId?: string; subject?: string },
  caller: Caller,
) => AuditEvent;

export function createEventMaker(clock: Clock, random: Random): EventMaker {
  return (type, about, caller) => ({
    id: createUuid(clock, random),
    at: clock.now(),
    type,
    userId: about.userId,
    sessionId: about.sessionId ?? null,
    address: caller.address,
    userAgent: trimUserAgent(caller.userAgent),
    subject: about.subject ?? null,
  });
}

/** A header of any length and content becomes something fit to store and to show. */
export function trimUserAgent(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  return userAgent
    .slice(0, USER_AGENT_MAX)
    .replace(/[\p{C}]/gu, '')
    .toWellFormed();
}
