import type { AuditEvent } from '../../auth/audit/event.ts';
import type { User } from '../../auth/model.ts';
import type { IssuedTokens } from '../../auth/sessions/tokens/issued-tokens.ts';

/** The tokens as an answer has them. @see RFC 6749 section 5.1 */
export interface TokenAnswer {
  /** A signed JWT (RFC 9068). */
  readonly access_token: string;
  /** To be exchanged for new tokens. */
  readonly refresh_token: string;
  /** How the access token is sent (RFC 6750). */
  readonly token_type: 'bearer';
  /** How many seconds the access token lives. */
  readonly expires_in: number;
  /** Space separated. Absent if no scope is granted. */
  readonly scope?: string;
}

/** A user as answers show it, with the host's own fields by their names. */
export function toUserView(user: User): Record<string, unknown> {
  return {
    ...user.profile,
    id: user.id,
    username: user.username,
    email: user.email,
    name: user.name,
    roles: user.roles,
    created_at: toTime(user.createdAt),
  };
}

/** @see RFC 6749 section 5.1 */
export function toTokenView(signIn: IssuedTokens): TokenAnswer {
  return {
    access_token: signIn.accessToken,
    refresh_token: signIn.refreshToken,
    token_type: 'bearer',
    expires_in: signIn.expiresIn,
    ...(signIn.scope === null ? {} : { scope: signIn.scope }),
  };
}

/** @param names of the actor and the subject, where they are known. Default: the event is shown without names */
export function toEventView(
  event: AuditEvent,
  names?: { readonly actor: string | null; readonly subject: string | null },
): Record<string, unknown> {
  return {
    id: event.id,
    at: toTime(event.at),
    type: event.type,
    actor: names === undefined ? event.actor : { ...event.actor, name: names.actor },
    subject: names === undefined ? event.subject : { ...event.subject, name: names.subject },
    session_id: event.sessionId,
    outcome: event.outcome,
    reason: event.reason,
    address: event.address,
    user_agent: event.userAgent,
    changes: event.changes,
  };
}

/** A time as answers have it. */
export function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
