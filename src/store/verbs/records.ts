import type { AuditEvent, Session, UserRecord } from '../../auth/model.ts';
import type { AuditEventRow, SessionRow, UserRow } from '../schema.ts';

/** Between the domain's records and the tables' rows. */
export function toUserRow(user: UserRecord): UserRow {
  return {
    id: user.id,
    username: user.username,
    username_key: user.usernameKey,
    email: user.email,
    email_key: user.emailKey,
    name: user.name,
    roles: JSON.stringify(user.roles),
    profile: JSON.stringify(user.profile),
    password_hash: user.passwordHash,
    token_version: user.tokenVersion,
    disabled_at: user.disabledAt,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  };
}

export function fromUserRow(row: UserRow): UserRecord {
  return {
    id: row.id,
    username: row.username,
    usernameKey: row.username_key,
    email: row.email,
    emailKey: row.email_key,
    name: row.name,
    roles: JSON.parse(row.roles),
    profile: JSON.parse(row.profile),
    passwordHash: row.password_hash,
    tokenVersion: row.token_version,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toSessionRow(session: Session): SessionRow {
  return {
    id: session.id,
    user_id: session.userId,
    generation: session.generation,
    rotated_at: session.rotatedAt,
    expires_at: session.expiresAt,
    created_at: session.createdAt,
    auth_time: session.authTime,
    scope: session.scope,
    address: session.address,
    user_agent: session.userAgent,
  };
}

export function fromSessionRow(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    generation: row.generation,
    rotatedAt: row.rotated_at,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    authTime: row.auth_time,
    scope: row.scope,
    address: row.address,
    userAgent: row.user_agent,
  };
}

export function toEventRow(event: AuditEvent): AuditEventRow {
  return {
    id: event.id,
    at: event.at,
    type: event.type,
    user_id: event.userId,
    session_id: event.sessionId,
    address: event.address,
    user_agent: event.userAgent,
    subject: event.subject,
  };
}
