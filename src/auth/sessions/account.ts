import type { AccessTokenClaims } from '../../jwt/access-token.ts';
import { RecordNotFound, TokenRefused } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, revoke } from '../context.ts';
import { type Session, toUser, type User } from '../model.ts';
import { type Page, parsePage } from '../page.ts';
import { findLifetime, isPastMaxAge, limitExpiry } from './session-lifetime.ts';

/** Who a verified access token speaks for. */
export type Principal = Pick<AccessTokenClaims, 'sub' | 'sid'>;

/** @throws {TokenRefused} when the user was deleted since the token was issued */
export async function findMe(context: AuthContext, bearer: Principal): Promise<User> {
  const record = await context.store.findUser({ id: bearer.sub });
  if (record === undefined) throw userGone();
  return toUser(record);
}

/**
 * Ends the session the token belongs to, and revokes its access tokens even if the session has ended before.
 */
export async function logout(
  context: AuthContext,
  bearer: Principal,
  caller: Caller,
): Promise<void> {
  await endProvenSession(context, bearer.sub, bearer.sid, caller);
}

/**
 * Ends the session a refresh token belongs to, whatever its generation: who holds any token of a
 * session may end it.
 * @throws {RefreshRefused} when the token is not one of ours
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
  bearer: Principal,
  caller: Caller,
): Promise<void> {
  const userId = bearer.sub;
  const event = { type: 'sessions_ended', subject: aboutUser(userId) } as const;
  const how = createRevocationArgs(context, event, identify(caller, userId));
  const now = context.clock.now();
  await revoke(context, context.store.endAllSessions({ userId, now, ...how }));
}

/** Some of a user's sessions. */
export interface SessionPage {
  readonly sessions: readonly Session[];
  /** The `after` of the next page; null: this was the last one. */
  readonly nextCursor: string | null;
}

/**
 * The user's live sessions, the latest first, page by page.
 * @throws {InvalidInput}
 */
export async function listSessions(
  { store, clock, settings }: AuthContext,
  bearer: Principal,
  page: Page | unknown,
): Promise<SessionPage> {
  const { after, limit } = parsePage(page);
  const userId = bearer.sub;
  const now = clock.now();
  // One more than asked for tells whether there is another page.
  const found = await store.listSessions({ userId, now, before: after, limit: limit + 1 });
  const ofPage = found.slice(0, limit);
  const nextCursor = found.length > limit ? (ofPage.at(-1)?.id ?? null) : null;
  // A maximum age that was lowered applies to sessions that started under the earlier one.
  const { maxAgeMs } = findLifetime(settings, now);
  const sessions = ofPage
    .filter((it) => !isPastMaxAge(it, { now, maxAgeMs }))
    .map((it) => ({ ...it, expiresAt: limitExpiry(it.createdAt, { ...it, maxAgeMs }) }));
  return { sessions, nextCursor };
}

/** Ends one of the user's sessions. @throws {NotFound} when it is not there or not this user's */
export async function endSession(
  context: AuthContext,
  bearer: Principal,
  sessionId: string,
  caller: Caller,
): Promise<void> {
  const userId = bearer.sub;
  const event = { type: 'session_ended', subject: aboutUser(userId), sessionId } as const;
  const how = createRevocationArgs(context, event, identify(caller, userId));
  const found = await revoke(context, context.store.endSession({ sessionId, userId, ...how }));
  if (!found) throw new RecordNotFound('You have no such session. It may have ended already.');
}

/** Revokes one access token by its `jti`; its session lives on. */
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
 * Ends a session that the caller holds a token of. Its row may have been removed while access tokens live:
 * these are revoked by their `sid` in any case, but not again where this node knows that they are, so that
 * repeated calls do not fill the revocation log.
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

export function userGone(): TokenRefused {
  return new TokenRefused('user_gone', 'The user of this token no longer exists. Register again.');
}
