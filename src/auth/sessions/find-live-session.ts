import type { AuthContext } from '../context.ts';
import type { LiveSession } from '../ports/sessions.ts';
import { findLifetime, isPastMaxAge } from './session-lifetime.ts';

/** The session of this id, unless it has ended, expired or reached its maximum age. */
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
