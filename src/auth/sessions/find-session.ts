import type { TokenRefused } from '../../kernel/errors.ts';
import type { AuthContext } from '../context.ts';
import type { Session } from '../model.ts';
import type { LiveSession } from '../ports/sessions.ts';
import { sessionEnded, userGone } from './principal.ts';
import { classifyGeneration, type Verdict } from './refresh-rule.ts';
import { findLifetime, isPastMaxAge, limitExpiry } from './session-lifetime.ts';
import type { RefreshClaims } from './tokens/refresh-token.ts';

/** Finds the session of this id, unless it has ended, expired or reached its maximum age. */
export async function findLiveSession(
  { store, settings }: Pick<AuthContext, 'store' | 'settings'>,
  sessionId: string,
  now: number,
): Promise<LiveSession | undefined> {
  const found = await store.findSession({ sessionId, now });
  if (found === undefined) return undefined;
  const { maxAgeMs } = findLifetime(settings, now);
  return isPastMaxAge(found.session, { now, maxAgeMs }) ? undefined : found;
}

/** The error for an access token whose session is not found: it has ended, or the user was deleted. */
export async function explainGoneSession(
  { store }: Pick<AuthContext, 'store'>,
  userId: string,
): Promise<TokenRefused> {
  if ((await store.findUser({ id: userId })) === undefined) return userGone();
  return sessionEnded();
}

/** A live session that a refresh token would be accepted for. */
export interface RefreshableSession extends LiveSession {
  /** The session as it will be after the refresh, apart from its generation. */
  readonly refreshed: Session;
  readonly verdict: Exclude<Verdict, 'void' | 'reused'>;
}

/** Finds the session that a refresh token would be accepted for now. Only reads. */
export async function findRefreshableSession(
  { store, clock, settings }: AuthContext,
  { userId, sessionId, generation }: RefreshClaims,
): Promise<RefreshableSession | undefined> {
  const now = clock.now();
  const lifetime = findLifetime(settings, now);
  const found = await store.findSession({ sessionId, now });
  if (found === undefined || found.user.id !== userId) return undefined;
  const { session, parentGeneration, firstGeneration } = found;
  const verdict = classifyGeneration(
    { ...session, parentGeneration, firstGeneration },
    { generation, now, grace: settings.refreshGrace * 1000, maxAgeMs: lifetime.maxAgeMs },
  );
  if (verdict === 'void' || verdict === 'reused') return undefined;
  const isKept = verdict === 'current' || verdict === 'replayed';
  const refreshed = isKept
    ? session
    : { ...session, rotatedAt: now, expiresAt: limitExpiry(session.createdAt, lifetime) };
  return { ...found, refreshed, verdict };
}
