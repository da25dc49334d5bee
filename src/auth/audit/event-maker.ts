import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import { createUuid } from '../../kernel/uuid.ts';
import type { Caller } from './caller.ts';
import type { AuditEvent, NewAuditEvent } from './event.ts';

/** Characters of a user agent that are stored. */
const USER_AGENT_MAX = 256;

/** Completes an event with its id, its time and its caller. */
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

/** Cuts a `User-Agent` header, and removes what cannot be stored or displayed. */
export function trimUserAgent(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  return userAgent
    .slice(0, USER_AGENT_MAX)
    .replace(/[\p{C}]/gu, '')
    .toWellFormed();
}
