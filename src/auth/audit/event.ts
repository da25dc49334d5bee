/** Who or what can cause an event. `unknown`: an older version recorded the event without its actor. */
export const AUDIT_ACTOR_KINDS = [
  'user',
  'client',
  'operator',
  'system',
  'anonymous',
  'unknown',
] as const;

/** One of {@link AUDIT_ACTOR_KINDS}. */
export type AuditActorKind = (typeof AUDIT_ACTOR_KINDS)[number];

/** Who caused an event. */
export interface AuditActor {
  /** What kind of actor it is. */
  readonly kind: AuditActorKind;
  /**
   * The id of the user or client, the operating system's name of the operator, or the part of the program that
   * acted by itself. Null if that is not known.
   */
  readonly id: string | null;
}

/** What an event can be about. `secret`: the one of the server. */
export const AUDIT_SUBJECT_KINDS = ['user', 'client', 'key', 'secret'] as const;

/** One of {@link AUDIT_SUBJECT_KINDS}. */
export type AuditSubjectKind = (typeof AUDIT_SUBJECT_KINDS)[number];

/** The user, client, key or secret that an event is about. An event about a session is about its user, and has the session's id as well. */
export interface AuditSubject {
  /** What kind of subject it is. */
  readonly kind: AuditSubjectKind;
  /** The id of the user or client, or the `kid` of the key. Null for an unknown user, and for the secret. */
  readonly id: string | null;
}

/** What an event of one type can contain. */
interface AuditEventForm {
  readonly subject: AuditSubjectKind;
  /** Names of the `changes` it may have. */
  readonly changes: readonly string[];
  /** Stable codes that say why it failed. An event of a type without codes is a success. */
  readonly reasons: readonly string[];
}

/**
 * Every type of event. `docs/audit.md` describes them; a test compares the two.
 *
 * A refused password is one of four: `login_failed`, `login_of_disabled_user` (the password was right),
 * `password_change_failed` and `reauthentication_failed` (presented with a valid access token).
 */
export const AUDIT_EVENT_TYPES = {
  user_registered: { subject: 'user', changes: [], reasons: [] },
  registration_refused: { subject: 'user', changes: [], reasons: ['refused_by_host'] },
  user_created: { subject: 'user', changes: ['roles'], reasons: [] },
  user_updated: { subject: 'user', changes: ['fields'], reasons: [] },
  user_roles_changed: { subject: 'user', changes: ['roles'], reasons: [] },
  user_disabled: { subject: 'user', changes: [], reasons: [] },
  user_enabled: { subject: 'user', changes: [], reasons: [] },
  user_deleted: { subject: 'user', changes: [], reasons: [] },
  password_changed: { subject: 'user', changes: [], reasons: [] },
  password_reset_requested: { subject: 'user', changes: [], reasons: [] },
  password_reset: { subject: 'user', changes: [], reasons: [] },
  password_change_required: { subject: 'user', changes: [], reasons: [] },
  password_change_failed: {
    subject: 'user',
    changes: [],
    reasons: ['wrong_password', 'no_password'],
  },
  reauthenticated: { subject: 'user', changes: [], reasons: [] },
  reauthentication_failed: {
    subject: 'user',
    changes: [],
    reasons: ['wrong_password', 'no_password', 'wrong_code'],
  },
  login_succeeded: { subject: 'user', changes: [], reasons: [] },
  login_challenged: { subject: 'user', changes: ['required'], reasons: [] },
  second_factor_failed: { subject: 'user', changes: ['method'], reasons: ['wrong_code'] },
  password_withdrawn: { subject: 'user', changes: [], reasons: [] },
  factor_added: { subject: 'user', changes: ['kind'], reasons: [] },
  factor_removed: { subject: 'user', changes: ['kind'], reasons: [] },
  recovery_code_used: { subject: 'user', changes: ['left'], reasons: [] },
  recovery_codes_replaced: { subject: 'user', changes: [], reasons: [] },
  login_failed: {
    subject: 'user',
    changes: [],
    reasons: ['unknown_user', 'wrong_password', 'no_password', 'password_expired'],
  },
  login_refused: { subject: 'user', changes: [], reasons: ['refused_by_host'] },
  attempts_refused: { subject: 'user', changes: ['count'], reasons: ['too_many_attempts'] },
  user_unthrottled: { subject: 'user', changes: [], reasons: [] },
  login_of_disabled_user: { subject: 'user', changes: [], reasons: ['account_disabled'] },
  session_ended: { subject: 'user', changes: [], reasons: [] },
  sessions_ended: { subject: 'user', changes: [], reasons: [] },
  refresh_token_reused: { subject: 'user', changes: [], reasons: ['refresh_token_reused'] },
  token_revoked: { subject: 'user', changes: ['jti'], reasons: [] },
  client_created: { subject: 'client', changes: ['kind', 'name'], reasons: [] },
  client_deleted: { subject: 'client', changes: ['name'], reasons: [] },
  client_secret_rotated: {
    subject: 'client',
    changes: ['name', 'old_secrets_end_at'],
    reasons: [],
  },
  administration_refused: {
    subject: 'user',
    changes: ['act'],
    reasons: ['administrator', 'last_administrator'],
  },
  // Only version 0.1 wrote these two: every client was a guard.
  guard_created: { subject: 'client', changes: ['name'], reasons: [] },
  guard_deleted: { subject: 'client', changes: ['name'], reasons: [] },
  key_rotated: { subject: 'key', changes: ['algorithm'], reasons: [] },
  key_revoked: { subject: 'key', changes: ['algorithm'], reasons: [] },
  secret_rotated: { subject: 'secret', changes: ['compromised'], reasons: [] },
  secret_rotation_finished: { subject: 'secret', changes: [], reasons: [] },
  secret_rotation_cancelled: { subject: 'secret', changes: [], reasons: [] },
} as const satisfies Readonly<Record<string, AuditEventForm>>;

/** One of {@link AUDIT_EVENT_TYPES}. */
export type AuditEventType = keyof typeof AUDIT_EVENT_TYPES;

/** A stable code that says why something failed. */
export type AuditReason = (typeof AUDIT_EVENT_TYPES)[AuditEventType]['reasons'][number];

/** One value, or the values before and after. */
export type AuditChange =
  | string
  | number
  | boolean
  | null
  | readonly string[]
  | { readonly from: AuditChange; readonly to: AuditChange };

/** What changed, by name. It never has a secret, a hash, a token, or anything personal. */
export type AuditChanges = Readonly<Record<string, AuditChange>>;

/** Whether what the event records was done or refused. */
export type AuditOutcome = 'success' | 'failure';

/** An entry of the audit trail. It is written in the transaction of what it records. */
export interface AuditEvent {
  /** UUIDv7 of the time `at`, so that events sort by their ids. */
  readonly id: string;
  /** ms since the epoch. */
  readonly at: number;
  /** What happened. */
  readonly type: AuditEventType;
  /** Who caused it. */
  readonly actor: AuditActor;
  /** Whom or what it is about. */
  readonly subject: AuditSubject;
  /** The session that the event is about or that was started, or null. */
  readonly sessionId: string | null;
  /** Whether it succeeded. */
  readonly outcome: AuditOutcome;
  /** Why it failed; null for a success. */
  readonly reason: AuditReason | null;
  /** The actor's network address; null if no request caused the event. */
  readonly address: string | null;
  /** The actor's `User-Agent` header, at most 256 characters; null if there was none. */
  readonly userAgent: string | null;
  /** What changed; null if the type has no changes. */
  readonly changes: AuditChanges | null;
}

/** An event that is about to be written. The proof is absent while there is no root key. */
export interface ProvenEvent extends AuditEvent {
  readonly proof?: EventProof;
}

/**
 * Shows the node that seals events that a server of this database wrote one, and stands for its personal fields in the
 * chain.
 */
export interface EventProof {
  /** Random, so that the digest does not reveal the address. Null without personal fields. */
  readonly salt: string | null;
  /** A hash of the salt and the personal fields. Null without any. */
  readonly digest: string | null;
  /** A MAC over the event, after the id of the root key that it depends on. */
  readonly origin: string;
}

/** The part of an event that its cause decides. The caller and the clock give the rest. */
export interface NewAuditEvent {
  readonly type: AuditEventType;
  readonly subject: AuditSubject;
  readonly sessionId?: string;
  /** Makes the event a failure. */
  readonly reason?: AuditReason;
  readonly changes?: AuditChanges;
}

/** The subject of an event about a user. @param userId null: there is no such user */
export function aboutUser(userId: string | null): AuditSubject {
  return { kind: 'user', id: userId };
}
