import { FactorRefused } from '../../kernel/errors.ts';
import { systemCaller } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, revoke } from '../context.ts';
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
  const attempt = await limiter.admit(limiter.isOff ? [] : places, { id: userId });
  try {
    const result = await attempt.run(work);
    await attempt.succeed();
    return result;
  } catch (error) {
    const failures = attempt.failuresBefore + 1;
    const isLast = failures % FAILURES_PER_PASSWORD === 0;
    if (error instanceof FactorRefused && isLast) await withdrawPassword(context, userId);
    throw error;
  }
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
  const { limiter } = context;
  const places = [limiter.placeOf('session_factor', sessionId)];
  const attempt = await limiter.admit(limiter.isOff ? [] : places, { id: userId });
  try {
    const result = await attempt.run(work);
    await attempt.succeed();
    return result;
  } catch (error) {
    const isLast = attempt.failuresBefore + 1 >= FAILURES_PER_SESSION;
    if (error instanceof FactorRefused && isLast) await endSession(context, userId, sessionId);
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
