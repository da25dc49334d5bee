import type { Generated, Selectable } from 'kysely';
import type {
  AuditActorKind,
  AuditEventType,
  AuditReason,
  AuditSubjectKind,
} from '../auth/audit/event.ts';
import type { RootKind } from '../auth/keys/envelope.ts';
import type { ClientKind } from '../auth/model.ts';
import type { Revocation } from '../revocation/revocation.ts';

/** Times are ms since the epoch; `roles` and `profile` are JSON text. */
export interface UserTable {
  id: string;
  username: string | null;
  username_key: string | null;
  email: string | null;
  email_key: string | null;
  name: string | null;
  roles: string;
  profile: string;
  password_hash: string | null;
  token_version: number;
  disabled_at: number | null;
  password_change_required_at: number | null;
  created_at: number;
  updated_at: number;
  /** Counts the times all of the user's sessions ended. */
  session_epoch: Generated<number>;
  /** 1: there may be sessions for the background job to remove. */
  session_cleanup: Generated<0 | 1>;
}

export type UserRow = Selectable<UserTable>;
/** What a new user is stored with; the rest has defaults. */
export type NewUserRow = Omit<UserRow, 'session_epoch' | 'session_cleanup'>;

const newUserColumns = {
  id: true,
  username: true,
  username_key: true,
  email: true,
  email_key: true,
  name: true,
  roles: true,
  profile: true,
  password_hash: true,
  token_version: true,
  disabled_at: true,
  password_change_required_at: true,
  created_at: true,
  updated_at: true,
} satisfies Record<keyof NewUserRow, true>;

/** Every statement that inserts users is made of this list. */
export const userColumns = Object.keys(newUserColumns) as (keyof NewUserRow)[];

export interface SessionTable {
  id: string;
  user_id: string;
  generation: number;
  rotated_at: number;
  expires_at: number;
  created_at: number;
  auth_time: number;
  /** Separated by spaces. */
  amr: string;
  mfa_time: number | null;
  client_id: string | null;
  scope: string | null;
  address: string | null;
  user_agent: string | null;
  /** The session lives only while this is its user's `session_epoch`. */
  epoch: number;
  /** Refresh tokens of earlier generations are void. */
  first_generation: Generated<number>;
  /** The generation that the present one replaced, where that is not the one before. */
  parent_generation: Generated<number | null>;
}

export type SessionRow = Selectable<SessionTable>;
/** What a new session is stored with; the epoch is its user's, and the rest has defaults. */
export type NewSessionRow = Omit<SessionRow, 'epoch' | 'first_generation' | 'parent_generation'>;

const newSessionColumns = {
  id: true,
  user_id: true,
  generation: true,
  rotated_at: true,
  expires_at: true,
  created_at: true,
  auth_time: true,
  amr: true,
  mfa_time: true,
  client_id: true,
  scope: true,
  address: true,
  user_agent: true,
} satisfies Record<keyof NewSessionRow, true>;

/** Every statement that inserts or reads sessions is made of this list. */
export const sessionColumns = Object.keys(newSessionColumns) as (keyof NewSessionRow)[];

export interface RevocationRow {
  seq: Generated<number>;
  kind: Revocation['kind'];
  subject: string;
  version: number;
  expires_at: number;
}

export interface SigningKeyRow {
  kid: string;
  algorithm: string;
  public_jwk: string | null;
  sealed_private_jwk: string;
  created_at: number;
  active_at: number;
  retired_at: number | null;
  revoked_at: number | null;
}

export interface EnvelopeRow {
  id: string;
  kind: RootKind;
  sealed: string;
  created_at: number;
  ends_at: number | null;
}

export interface AuditEventRow {
  id: string;
  at: number;
  type: AuditEventType;
  /** The subject where it is a user. */
  user_id: string | null;
  session_id: string | null;
  address: string | null;
  user_agent: string | null;
  /** The subject where it is not a user. */
  subject: string | null;
  /** Null, like `actor_kind`: a node of version 0.1 wrote the row after the schema was upgraded. */
  subject_kind: AuditSubjectKind | null;
  actor_kind: AuditActorKind | null;
  actor_id: string | null;
  /** Null: a success. */
  reason: AuditReason | null;
  /** JSON text. */
  changes: string | null;
}

const allEventColumns = {
  id: true,
  at: true,
  type: true,
  user_id: true,
  session_id: true,
  address: true,
  user_agent: true,
  subject: true,
  subject_kind: true,
  actor_kind: true,
  actor_id: true,
  reason: true,
  changes: true,
} satisfies Record<keyof AuditEventRow, true>;

/** Every statement that inserts or reads audit events is made of this list. */
export const eventColumns = Object.keys(allEventColumns) as (keyof AuditEventRow)[];

export interface ClientRow {
  id: string;
  kind: ClientKind;
  name: string;
  created_at: number;
}

export interface ClientSecretRow {
  id: string;
  client_id: string;
  hash: string;
  created_at: number;
  ends_at: number | null;
}

export interface OneTimeSecretRow {
  id: string;
  purpose: string;
  subject: string;
  mac: string;
  data: string | null;
  browser: string | null;
  expires_at: number;
  code_expires_at: number | null;
  /** Codes that were presented. */
  attempts: Generated<number>;
  used_at: Generated<number | null>;
}

/** What all nodes of a database must agree on, by name. */
export interface NodeStateRow {
  name: string;
  value: string;
}

export interface MigrationRow {
  version: number;
  name: string;
}

/** Every table, by name. */
export interface Database {
  users: UserTable;
  sessions: SessionTable;
  revocations: RevocationRow;
  signing_keys: SigningKeyRow;
  envelopes: EnvelopeRow;
  audit_events: AuditEventRow;
  clients: ClientRow;
  client_secrets: ClientSecretRow;
  one_time_secrets: OneTimeSecretRow;
  facts: NodeStateRow;
  latchkey_migrations: MigrationRow;
}
