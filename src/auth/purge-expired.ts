import { createUuidFloor } from '../kernel/uuid.ts';
import { systemCaller } from './audit/caller.ts';
import { finishErasures } from './audit/chain/erase-events.ts';
import { cutChain } from './audit/chain/retention.ts';
import { aboutUser } from './audit/event.ts';
import { type AuthContext, findIssuedUntil } from './context.ts';

/**
 * Removes expired rows from the database, at most `limit`: see `Auth.purgeExpired`.
 * @returns whether there may be more
 */
export async function purgeExpired(context: AuthContext, limit: number): Promise<boolean> {
  const { store, clock, settings } = context;
  const now = clock.now();
  const { auditRetention } = settings;
  const eventsUntil = auditRetention === undefined ? undefined : now - auditRetention * 1000;
  let { removed } = await store.purgeExpired({
    now,
    limit,
    ...(eventsUntil === undefined ? {} : { eventsBefore: createUuidFloor(eventsUntil) }),
  });
  if (removed < limit && eventsUntil !== undefined) {
    removed += await cutChain(context, eventsUntil, limit - removed);
  }
  if (removed >= limit) return true;
  await finishErasures(context);
  return cleanUpSessions(context, limit - removed);
}

/** Removes sessions of one user that have ended, and ends those beyond `maxSessions`. */
async function cleanUpSessions(context: AuthContext, limit: number): Promise<boolean> {
  const { store, log, clock, settings } = context;
  const userId = await store.findSessionCleanup();
  if (userId === undefined) return false;
  const event = { type: 'session_ended', subject: aboutUser(userId) } as const;
  const caller = systemCaller('session-limit');
  const createEvent = () => context.createEvent(event, caller);
  const { revocations } = await store.cleanUpSessions({
    userId,
    maxSessions: settings.maxSessions,
    issuedUntil: findIssuedUntil(clock),
    events: Array.from({ length: limit }, createEvent),
  });
  log.apply(revocations);
  // Other users may also have sessions to remove.
  return true;
}
