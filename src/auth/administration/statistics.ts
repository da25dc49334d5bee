import { createUuidFloor } from '../../kernel/uuid.ts';
import type { AuthContext } from '../context.ts';
import type { Statistics } from '../ports/statistics.ts';

const HOUR_MS = 3_600_000;
/** Events that are counted at most. */
const EVENTS_MAX = 100_000;
/** How long an answer is given again: counting among millions of rows takes a moment of the database. */
const KEPT_MS = 10_000;

/** The numbers, and when they were read; ms since the epoch. */
export interface StatisticsReading extends Statistics {
  readonly readAt: number;
  /** From when events are counted; ms since the epoch. */
  readonly eventsSince: number;
}

const readings = new WeakMap<object, Promise<StatisticsReading>>();

/** Counts users, sessions and the events of the last hour. It counts again after ten seconds. */
export async function readStatistics(
  { store, clock }: Pick<AuthContext, 'store' | 'clock'>,
  role: string,
): Promise<StatisticsReading> {
  const now = clock.now();
  const kept = await readings.get(store)?.catch(() => undefined);
  if (kept !== undefined && Math.abs(now - kept.readAt) < KEPT_MS) return kept;
  const eventsSince = now - HOUR_MS;
  const eventsAfter = createUuidFloor(eventsSince);
  const reading = store
    .readStatistics({ now, role, eventsAfter, eventLimit: EVENTS_MAX })
    .then((read) => ({ ...read, readAt: now, eventsSince }));
  readings.set(store, reading);
  return reading;
}
