import type { AuditActorKind, AuditEventType, AuditOutcome, AuditSubjectKind } from './event.ts';

/** Which events to list: those that meet all conditions. */
export interface AuditEventFilter {
  /** Only events caused by this kind of actor. */
  readonly actorKind?: AuditActorKind;
  /** Only events caused by the actor with this id. */
  readonly actorId?: string;
  /** Only events about this kind of subject. */
  readonly subjectKind?: AuditSubjectKind;
  /** Only events about the subject with this id. */
  readonly subjectId?: string;
  /** Of one of these types. */
  readonly types?: readonly AuditEventType[];
  /** Only successes, or only failures. */
  readonly outcome?: AuditOutcome;
  /** In the form in which it is stored. */
  readonly address?: string;
}
