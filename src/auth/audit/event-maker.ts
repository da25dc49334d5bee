import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import { createUuid } from '../../kernel/uuid.ts';
import type { Caller } from './caller.ts';
import type { AuditEvent, NewAuditEvent } from './event.ts';

const userAgentMax = 256;

/** Completes an event by its time and by the caller. */
export type EventMaker = (event: NewAuditEvent, caller: Caller) => AuditEvent;

export function createEventMaker(clock: Clock, random: Random): EventMaker {
  return ({ type, subject, sessionId, reason, changes }, caller) => {
    const at = clock.now();
    return {
      id: createUuid({ now: () => at }, random),
      at,
      type,
      actor: caller.actor,
      subject,
      sessionId: sessionId ?? null,
      outcome: reason === undefined ? 'success' : 'failure',
      reason: reason ?? null,
      address: caller.address,
      userAgent: trimUserAgent(caller.userAgent),
      changes: changes ?? null,
    };
  };
}

/** A header of any length and content becomes something fit to store and to show. */
export function trimUserAgent(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  return userAgent
    .slice(0, userAgentMax)
    .replace(/[\p{C}]/gu, '')
    .toWellFormed();
}
