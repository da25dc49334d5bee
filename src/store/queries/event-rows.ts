import {
  AUDIT_EVENT_TYPES,
  type AuditActor,
  type AuditEvent,
  type AuditReason,
  type AuditSubjectKind,
  type ProvenEvent,
} from '../../auth/audit/event.ts';
import { type NewRow, type StoredEvent, TABLES } from '../schema.ts';

const { columns } = TABLES.audit_events;

export function toEventRow(event: ProvenEvent): NewRow<'audit_events'> {
  const { actor, subject, proof } = event;
  const isUser = subject.kind === 'user';
  return columns.toRow({
    ...event,
    userId: isUser ? subject.id : null,
    subject: isUser ? null : subject.id,
    subjectKind: subject.kind,
    actorKind: actor.kind,
    actorId: actor.id,
    salt: proof?.salt ?? null,
    digest: proof?.digest ?? null,
    origin: proof?.origin ?? null,
  });
}

export function fromEventRow(row: NewRow<'audit_events'>): AuditEvent {
  const stored = columns.fromRow(row);
  const { id, at, type, userId, sessionId, subject, address, userAgent, changes } = stored;
  const reason = findReason(stored);
  return {
    id,
    at,
    type,
    actor: findActor(stored),
    subject: { kind: findSubjectKind(stored), id: userId ?? subject },
    sessionId,
    outcome: reason === null ? 'success' : 'failure',
    reason,
    address,
    userAgent,
    changes,
  };
}

// A node of version 0.1 that still runs after the schema was upgraded writes rows without the newer columns.

function findActor({ actorKind, actorId }: StoredEvent): AuditActor {
  return { kind: actorKind ?? 'unknown', id: actorId };
}

function findSubjectKind({ type, subjectKind }: StoredEvent): AuditSubjectKind {
  return subjectKind ?? AUDIT_EVENT_TYPES[type].subject;
}

function findReason({ type, reason, actorKind, userId }: StoredEvent): AuditReason | null {
  if (actorKind !== null) return reason;
  const reasons: readonly AuditReason[] = AUDIT_EVENT_TYPES[type].reasons;
  if (userId === null || reasons.length === 1) return reasons[0] ?? null;
  return reasons.length === 0 ? null : 'wrong_password';
}
