import { FactorRefused } from '../../kernel/errors.ts';
import { systemCaller } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, revoke } from '../context.ts';
import type { Place } from '../ports/limits.ts';
import type { Principal } from '../sessions/principal.ts';

/** After so many wrong codes in a row, a person who knows the password has had too many guesses. */
const FAILURES_PER_PASSWORD = 50;

/** After so many wrong codes in a row the session ends in which they were presented. */
const FAILURES_PER_SESSION = 10;

/**
 * Runs one comparison of a code behind a correct first factor. An account admits ten an hour. After 50 wrong codes in a
 * row its password stops working: another person knows it, and would go on guessing. One code in a million is right, and three
 * are accepted at a time, so the 50 guesses succeed with a chance of 1 in 6,700 for each authenticator.
 *
 * The budget is spent only behind a correct first factor, so a stranger cannot use it up.
 * @throws {TooManyAttempts}
 */
export async function admitFactor<T>(
  context: AuthContext,
  userId: string,
  work: () => Promise<T>,
): Promise<T> {
  const { limiter } = context;
  const places = [limiter.placeOf('factor_streak', userId), limiter.placeOf('factor', userId)];
  return admit(context, { places, userId, work }, async (failures) => {
    if (failures % FAILURES_PER_PASSWORD === 0) await withdrawPassword(context, userId);
  });
}

/**
 * Does the same for a code that is presented within a session. The session has a budget of its own, and ends when that is
 * spent. The attack: a thief with a stolen session guesses, or keeps the owner from signing in.
 * @throws {TooManyAttempts}
 */
export async function admitFactorInSession<T>(
  context: AuthContext,
  { sub: userId, sid: sessionId }: Principal,
  work: () => Promise<T>,
): Promise<T> {
  const places = [context.limiter.placeOf('session_factor', sessionId)];
  return admit(context, { places, userId, work }, async (failures) => {
    if (failures >= FAILURES_PER_SESSION) await endSession(context, userId, sessionId);
  });
}

interface FactorAttempt<T> {
  readonly places: readonly Place[];
  readonly userId: string;
  readonly work: () => Promise<T>;
}

/** @param onRefused called after a wrong code, with the number of failures in a row at the first of the places */
async function admit<T>(
  { limiter }: AuthContext,
  { places, userId, work }: FactorAttempt<T>,
  onRefused: (failures: number) => Promise<void>,
): Promise<T> {
  const attempt = await limiter.admit(limiter.isOff ? [] : places, { id: userId });
  try {
    const result = await attempt.run(work);
    await attempt.succeed();
    return result;
  } catch (error) {
    if (error instanceof FactorRefused) await onRefused(attempt.failuresBefore + 1);
    throw error;
  }
}

/** Removes the password. The user sets another one by mail, or an operator sets it. */
async function withdrawPassword(context: AuthContext, userId: string): Promise<void> {
  const what = { type: 'password_withdrawn', subject: aboutUser(userId) } as const;
  const event = context.createEvent(what, systemCaller('limits'));
  await context.store.withdrawPassword({ userId, now: context.clock.now(), event });
}

async function endSession(context: AuthContext, userId: string, sessionId: string): Promise<void> {
  const what = { type: 'session_ended', subject: aboutUser(userId), sessionId } as const;
  const how = createRevocationArgs(context, what, systemCaller('limits'));
  await revoke(context, context.store.endSession({ sessionId, userId, ...how }));
}
