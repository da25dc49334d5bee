import { RefreshRefused } from '../../kernel/errors.ts';
import type { AuthContext } from '../context.ts';
import type { Session } from '../model.ts';
import type { LiveSession } from '../ports/sessions.ts';
import { classifyGeneration, type Verdict } from '../sessions/refresh-rule.ts';
import type { RefreshClaims } from '../sessions/refresh-token.ts';
import { findLifetime, limitExpiry } from '../sessions/session-lifetime.ts';

/** A refresh token that would be accepted now, and the session it belongs to. */
export interface LiveRefreshToken {
  readonly session: Session;
  readonly clientId: string;
}

/**
 * Tells whether a refresh token would be accepted. It is not used up by the question, and an old one that
 * is asked about does not end its session: only who presents it to be refreshed gives himself away.
 * @returns undefined for anything else than a live refresh token
 */
export async function findRefreshToken(
  context: AuthContext,
  token: string,
): Promise<LiveRefreshToken | undefined> {
  const claims = parseOrNothing(() => context.refreshTokens.parse(token));
  const found = claims && (await findSessionOf(context, claims));
  // What only a late retry would be accepted for counts as replaced: see `Verdict`.
  if (found === undefined || found.verdict === 'retried') return undefined;
  return { session: found.session, clientId: found.session.clientId ?? context.settings.clientId };
}

/** A live session that a refresh token would be accepted for. */
export interface RefreshableSession extends LiveSession {
  /** The session as it will be after the refresh, but for its generation. */
  readonly refreshed: Session;
  readonly verdict: Exclude<Verdict, 'void' | 'reused'>;
}

/** Finds the session that a refresh token would be accepted for now. Only reads. */
export async function findSessionOf(
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

function parseOrNothing<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RefreshRefused) return undefined;
    throw error;
  }
}
