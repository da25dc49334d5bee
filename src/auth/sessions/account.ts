import type { AccessTokenClaims } from '../../jwt/access-token.ts';
import { RecordNotFound } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, revoke } from '../context.ts';
import { type Session, toUser, type User } from '../model.ts';
import { cutPage, parsePage } from '../page.ts';
import { type Principal, userGone } from './principal.ts';
import { findLifetime, isPastMaxAge, limitExpiry } from './session-lifetime.ts';

/** Reads the user of an access token: see `Auth.findMe`. */
export async function findMe(context: AuthContext, principal: Principal): Promise<User> {
  const record = await context.store.findUser({ id: principal.sub });
  if (record === undefined) throw userGone();
  return toUser(record);
}

/** Ends the session of an access token: see `Auth.logout`. */
export async function logout(
  context: AuthContext,
  principal: Principal,
  caller: Caller,
): Promise<void> {
  await endProvenSession(context, principal.sub, principal.sid, caller);
}

/**
 * Ends the session of a refresh token, of any generation: a holder of any token of a session may end it. See
 * `Auth.logoutByRefreshToken`.
 */
export async function logoutByRefreshToken(
  context: AuthContext,
  refreshToken: string,
  caller: Caller,
): Promise<void> {
  const { userId, sessionId } = context.refreshTokens.parse(refreshToken);
  await endProvenSession(context, userId, sessionId, caller);
}

/** Ends all sessions of the user. */
export async function logoutAll(
  context: AuthContext,
  principal: Principal,
  caller: Caller,
): Promise<void> {
  const userId = principal.sub;
  const event = { type: 'sessions_ended', subject: aboutUser(userId) } as const;
  const how = createRevocationArgs(context, event, identify(caller, userId));
  const now = context.clock.now();
  await revoke(context, context.store.endAllSessions({ userId, now, ...how }));
}

/** A page of a user's sessions. */
export interface SessionPage {
  /** The latest first. */
  readonly sessions: readonly Session[];
  /** The `after` of the next page; null: this was the last one. */
  readonly nextCursor: string | null;
}

/** Lists the user's live sessions: see `Auth.listSessions`. */
export async function listSessions(
  { store, clock, settings }: AuthContext,
  principal: Principal,
  page: unknown,
): Promise<SessionPage> {
  const { after, limit } = parsePage(page);
  const userId = principal.sub;
  const now = clock.now();
  const found = await store.listSessions({ userId, now, before: after, limit: limit + 1 });
  const { rows, nextCursor } = cutPage(found, limit);
  // If the maximum age was lowered, the new one applies to sessions that started before.
  const { maxAgeMs } = findLifetime(settings, now);
  const sessions = rows
    .filter((it) => !isPastMaxAge(it, { now, maxAgeMs }))
    .map((it) => ({ ...it, expiresAt: limitExpiry(it.createdAt, { ...it, maxAgeMs }) }));
  return { sessions, nextCursor };
}

/** Ends one of the user's sessions: see `Auth.endSession`. */
export async function endSession(
  context: AuthContext,
  principal: Principal,
  sessionId: string,
  caller: Caller,
): Promise<void> {
  const userId = principal.sub;
  const event = { type: 'session_ended', subject: aboutUser(userId), sessionId } as const;
  const how = createRevocationArgs(context, event, identify(caller, userId));
  const found = await revoke(context, context.store.endSession({ sessionId, userId, ...how }));
  if (!found) throw new RecordNotFound('You have no such session. It may have ended already.');
}

/** Revokes one access token: see `Auth.revokeToken`. */
export async function revokeToken(
  context: AuthContext,
  { sub: userId, sid: sessionId, jti }: Pick<AccessTokenClaims, 'sub' | 'sid' | 'jti'>,
  caller: Caller,
): Promise<void> {
  const about = { subject: aboutUser(userId), sessionId, changes: { jti } };
  const event = { type: 'token_revoked', ...about } as const;
  const how = createRevocationArgs(context, event, identify(caller, userId));
  await revoke(context, context.store.revokeToken({ jti, ...how }));
}

/**
 * Ends a session that the caller holds a token of. If its row was removed while access tokens of it live, these are
 * still revoked by their `sid`, unless this node knows that they are: repeated calls must not fill the revocation
 * log.
 */
async function endProvenSession(
  context: AuthContext,
  userId: string,
  sessionId: string,
  caller: Caller,
): Promise<void> {
  const evenIfGone = !context.log.index.isSessionRevoked(sessionId);
  const event = { type: 'session_ended', subject: aboutUser(userId), sessionId } as const;
  const how = createRevocationArgs(context, event, identify(caller, userId));
  const ended = context.store.endSession({ sessionId, userId, evenIfGone, ...how });
  await revoke(context, ended);
}
