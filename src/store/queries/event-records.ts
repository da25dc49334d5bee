import {
  AUDIT_EVENT_TYPES,
  type AuditActor,
  type AuditEvent,
  type AuditReason,
  type AuditSubjectKind,
} from '../../auth/audit/event.ts';
import type { AuditEventRow } from '../schema.ts';

export function toEventRow(event: AuditEvent): AuditEventRow {
  const { actor, subject, changes } = event;
  const isUser = subject.kind === 'user';
  return {
    id: event.id,
    at: event.at,
    type: event.type,
    user_id: isUser ? subject.id : null,
    session_id: event.sessionId,
    address: event.address,
    user_agent: event.userAgent,
    subject: isUser ? null : subject.id,
    subject_kind: subject.kind,
    actor_kind: actor.kind,
    actor_id: actor.id,
    reason: event.reason,
    changes: changes === null ? null : JSON.stringify(changes),
  };
}

export function fromEventRow(row: AuditEventRow): AuditEvent {
  const reason = findReason(row);
  return {
    id: row.id,
    at: row.at,
    type: row.type,
    actor: findActor(row),
    subject: { kind: findSubjectKind(row), id: row.user_id ?? row.subject },
    sessionId: row.session_id,
    outcome: reason === null ? 'success' : 'failure',
    reason,
    address: row.address,
    userAgent: row.user_agent,
    changes: row.changes === null ? null : JSON.parse(row.changes),
  };
}

// A node of version 0.1 that still runs after the schema was upgraded writes rows without the newer columns.

function findActor({ actor_kind: kind, actor_id: id }: AuditEventRow): AuditActor {
  return { kind: kind ?? 'unknown', id };
}

function findSubjectKind({ type, subject_kind: kind }: AuditEventRow): AuditSubjectKind {
  return kind ?? AUDIT_EVENT_TYPES[type].subject;
}

function findReason({ type, reason, actor_kind: kind, user_id: userId }: AuditEventRow) {
  if (kind !== null) return reason;
  const reasons: readonly AuditReason[] = AUDIT_EVENT_TYPES[type].reasons;
  if (userId === null || reasons.length === 1) return reasons[0] ?? null;
  return reasons.length === 0 ? null : 'wrong_password';
}
