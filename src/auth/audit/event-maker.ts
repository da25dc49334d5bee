import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import { createUuid } from '../../kernel/uuid.ts';
import type { RootKey } from '../keys/root-keys.ts';
import type { Caller } from './caller.ts';
import { proveEvent } from './chain/event-proof.ts';
import type { AuditActor, AuditEvent, NewAuditEvent, ProvenEvent } from './event.ts';

/** Characters of a user agent that are stored. */
const USER_AGENT_MAX = 256;

/** Completes an event with its id, its time, its caller, and the proof that this server made it. */
export type EventMaker = (event: NewAuditEvent, caller: Caller) => ProvenEvent;

/** @param findRoot the root key for data that is in use; undefined before there is one */
export function createEventMaker(
  clock: Clock,
  random: Random,
  findRoot: () => RootKey | undefined,
): EventMaker {
  return ({ type, subject, sessionId, reason, changes }, caller) => {
    const at = clock.now();
    const event: AuditEvent = {
      id: createUuid({ now: () => at }, random),
      at,
      type,
      actor: toStorable(caller.actor),
      subject,
      sessionId: sessionId ?? null,
      outcome: reason === undefined ? 'success' : 'failure',
      reason: reason ?? null,
      address: caller.address === null ? null : cleanText(caller.address),
      userAgent: trimUserAgent(caller.userAgent),
      changes: changes ?? null,
    };
    const root = findRoot();
    return root === undefined ? event : { ...event, proof: proveEvent(event, root, random) };
  };
}

/** A host may name any actor. What a database would store otherwise than it was given would not match its proof. */
function toStorable({ kind, id }: AuditActor): AuditActor {
  return { kind, id: id === null ? null : cleanText(id) };
}

function cleanText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** Cuts a `User-Agent` header, and removes what cannot be stored or displayed. */
export function trimUserAgent(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  return cleanText(userAgent.slice(0, USER_AGENT_MAX).replace(/[\p{C}]/gu, ''));
}
