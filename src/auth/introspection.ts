import { RefreshRefused } from '../errors.ts';
import type { AuthContext } from './context.ts';
import type { Session } from './model.ts';

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
  const { store, clock, settings, refreshTokens } = context;
  const claims = parseOrNothing(() => refreshTokens.parse(token));
  if (claims === undefined) return undefined;
  const { userId, sessionId, generation } = claims;
  const now = clock.now();
  const sessions = await store.listSessions({ userId, now });
  const session = sessions.find(({ id }) => id === sessionId);
  if (session === undefined) return undefined;
  const isInGrace = Math.abs(now - session.rotatedAt) < settings.refreshGrace * 1000;
  const isLive =
    generation === session.generation || (generation === session.generation - 1 && isInGrace);
  return isLive ? { session, clientId: settings.clientId } : undefined;
}

function parseOrNothing<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RefreshRefused) return undefined;
    throw error;
  }
}
