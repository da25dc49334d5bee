import { CredentialsRefused, InvalidInput, NotFound, TokenRefused } from '../errors.ts';
import type { AccessTokenClaims } from '../jwt/access-token.ts';
import type { Caller } from './audit.ts';
import { type AuthContext, createRevoking, revoke } from './context.ts';
import { InputReader } from './input.ts';
import type { Session, User } from './model.ts';
import { readNewPassword } from './new-user.ts';
import { toUser } from './ports.ts';

/** Who a verified access token speaks for. */
export type Bearer = Pick<AccessTokenClaims, 'sub' | 'sid'>;

/** @throws {TokenRefused} when the user was deleted since the token was issued */
export async function findMe(context: AuthContext, bearer: Bearer): Promise<User> {
  const record = await context.store.findUser({ id: bearer.sub });
  if (record === undefined) throw userGone();
  return toUser(record);
}

/** Ends the session the token belongs to. Ending one that has ended is no error. */
export async function logout(context: AuthContext, bearer: Bearer, caller: Caller): Promise<void> {
  await endSessionOf(context, bearer.sub, bearer.sid, caller);
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
  await endSessionOf(context, userId, sessionId, caller);
}

/** Ends all sessions of the user. */
export async function logoutAll(
  context: AuthContext,
  bearer: Bearer,
  caller: Caller,
): Promise<void> {
  const userId = bearer.sub;
  const how = createRevoking(context, 'sessions_ended', { userId }, caller);
  const now = context.clock.now();
  await revoke(context, context.store.endAllSessions({ userId, now, ...how }));
}

/**
 * Replaces the password and ends every other session.
 * @throws {InvalidInput}
 * @throws {CredentialsRefused} when the current password is wrong
 * @throws {Overloaded}
 */
export async function changePassword(
  context: AuthContext,
  bearer: Bearer,
  input: unknown,
  caller: Caller,
): Promise<void> {
  const { settings, store, hasher } = context;
  const reader = new InputReader(input);
  const current = reader.string('current_password', { max: settings.passwordMaxLength });
  const next = readNewPassword(reader, 'new_password', settings);
  reader.finish();
  if (current === next) {
    const problem = '"new_password" must differ from "current_password".';
    throw new InvalidInput([{ field: 'new_password', problem }]);
  }
  const userId = bearer.sub;
  const record = await store.findUser({ id: userId });
  if (record === undefined) throw userGone();
  const verifiedHash = record.passwordHash;
  const { ok } = await hasher.verify(verifiedHash, current);
  if (!ok || verifiedHash === null)
    throw new CredentialsRefused('The current password is incorrect.');

  const newHash = await hasher.hash(next);
  const about = { userId, sessionId: bearer.sid };
  const changed = await revoke(
    context,
    store.changePassword({
      userId,
      verifiedHash,
      newHash,
      keepSessionId: bearer.sid,
      now: context.clock.now(),
      ...createRevoking(context, 'password_changed', about, caller),
    }),
  );
  // Another change came first: what was verified is no longer the password.
  if (!changed) throw new CredentialsRefused('The current password is incorrect.');
}

/** The user's live sessions, the latest first. */
export async function listSessions(context: AuthContext, bearer: Bearer): Promise<Session[]> {
  return context.store.listSessions({ userId: bearer.sub, now: context.clock.now() });
}

/** Ends one of the user's sessions. @throws {NotFound} when it is not there or not this user's */
export async function endSession(
  context: AuthContext,
  bearer: Bearer,
  sessionId: string,
  caller: Caller,
): Promise<void> {
  const found = await endSessionOf(context, bearer.sub, sessionId, caller);
  if (!found) throw new NotFound('You have no such session. It may have ended already.');
}

/** Revokes one access token by its `jti`; its session lives on. */
export async function revokeToken(
  context: AuthContext,
  claims: Pick<AccessTokenClaims, 'sub' | 'sid' | 'jti'>,
  caller: Caller,
): Promise<void> {
  const about = { userId: claims.sub, sessionId: claims.sid };
  const how = createRevoking(context, 'token_revoked', about, caller);
  await revoke(context, context.store.revokeToken({ jti: claims.jti, ...how }));
}

function endSessionOf(
  context: AuthContext,
  userId: string,
  sessionId: string,
  caller: Caller,
): Promise<boolean> {
  const how = createRevoking(context, 'session_ended', { userId, sessionId }, caller);
  return revoke(context, context.store.endSession({ sessionId, userId, ...how }));
}

function userGone(): TokenRefused {
  return new TokenRefused('user_gone', 'The user of this token no longer exists. Register again.');
}
