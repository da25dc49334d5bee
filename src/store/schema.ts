import type { Generated } from 'kysely';
import type { AuditEventType } from '../auth/model.ts';
import type { Revocation } from '../revocation/revocation.ts';

/** Times are ms since the epoch; `roles` and `profile` are JSON text. */
export interface UserRow {
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
  created_at: number;
  updated_at: number;
}

export interface SessionRow {
  id: string;
  user_id: string;
  generation: number;
  rotated_at: number;
  expires_at: number;
  created_at: number;
  auth_time: number;
  scope: string | null;
  address: string | null;
  user_agent: string | null;
}

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
  sealed: string;
  created_at: number;
  ends_at: number | null;
}

export interface AuditEventRow {
  id: string;
  at: number;
  type: AuditEventType;
  user_id: string | null;
  session_id: string | null;
  address: string | null;
  user_agent: string | null;
  subject: string | null;
}

export interface GuardRow {
  id: string;
  name: string;
  key_hash: string;
  created_at: number;
}

export interface FactRow {
  name: string;
  value: string;
}

export interface MigrationRow {
  version: number;
  name: string;
}

/** Every table, by name. */
export interface Database {
  users: UserRow;
  sessions: SessionRow;
  revocations: RevocationRow;
  signing_keys: SigningKeyRow;
  envelopes: EnvelopeRow;
  audit_events: AuditEventRow;
  guards: GuardRow;
  facts: FactRow;
  latchkey_migrations: MigrationRow;
}
