import type { Session, UserRecord } from '../../auth/model.ts';
import type { LiveSession } from '../../auth/ports/sessions.ts';
import {
  type NewSessionRow,
  type NewUserRow,
  type SessionRow,
  sessionColumns,
  type UserRow,
} from '../schema.ts';

/** Between the domain's records and the tables' rows. */
export function toUserRow(user: UserRecord): NewUserRow {
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
    password_change_required_at: user.passwordChangeRequiredAt,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  };
}

export function fromUserRow(row: NewUserRow): UserRecord {
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
    passwordChangeRequiredAt: row.password_change_required_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toSessionRow(session: Session): NewSessionRow {
  return {
    id: session.id,
    user_id: session.userId,
    generation: session.generation,
    rotated_at: session.rotatedAt,
    expires_at: session.expiresAt,
    created_at: session.createdAt,
    auth_time: session.authTime,
    amr: session.amr.join(' '),
    mfa_time: session.mfaTime,
    client_id: session.clientId,
    scope: session.scope,
    address: session.address,
    user_agent: session.userAgent,
  };
}

export function fromSessionRow(row: NewSessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    generation: row.generation,
    rotatedAt: row.rotated_at,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    authTime: row.auth_time,
    amr: row.amr.split(' '),
    mfaTime: row.mfa_time,
    clientId: row.client_id,
    scope: row.scope,
    address: row.address,
    userAgent: row.user_agent,
  };
}

type SharedColumn = 'id' | 'user_id' | 'created_at';

/**
 * A session and its user in one row. The columns that both have are the user's; those of the session are
 * prefixed.
 */
export type JoinedRow = UserRow &
  Omit<SessionRow, SharedColumn | 'epoch'> & {
    session_id: string;
    session_created_at: number;
  };

/** The columns of the session in a {@link JoinedRow} that keep their names. */
export const joinedSessionColumns = [
  ...sessionColumns.filter((it) => it !== 'id' && it !== 'user_id' && it !== 'created_at'),
  'first_generation',
  'parent_generation',
] as readonly Exclude<keyof SessionRow, SharedColumn | 'epoch'>[];

export function fromJoinedRow(row: JoinedRow): LiveSession {
  const { id: user_id, session_id: id, session_created_at: created_at } = row;
  return {
    session: fromSessionRow({ ...row, id, user_id, created_at }),
    user: fromUserRow(row),
    ...readGenerations(row),
  };
}

/** The generations of a session whose refresh tokens are honoured. */
export function readGenerations(
  row: Pick<SessionRow, 'generation' | 'first_generation' | 'parent_generation'>,
): Pick<LiveSession, 'firstGeneration' | 'parentGeneration'> {
  return {
    firstGeneration: row.first_generation,
    parentGeneration: row.parent_generation ?? row.generation - 1,
  };
}
