import type { AuditActorKind, AuditEventType, AuditOutcome, AuditSubjectKind } from './event.ts';

/** Which events to list: those that meet all conditions. */
export interface AuditEventFilter {
  readonly actorKind?: AuditActorKind;
  readonly actorId?: string;
  readonly subjectKind?: AuditSubjectKind;
  readonly subjectId?: string;
  /** Of one of these types. */
  readonly types?: readonly AuditEventType[];
  readonly outcome?: AuditOutcome;
  /** In the form in which it is stored. */
  readonly address?: string;
}
