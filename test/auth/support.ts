import assert from 'node:assert/strict';
import { aboutUser } from '../../src/auth/audit/event.ts';
import { anEvent, anyAge, unique } from '../store/records.ts';
import type { TestAuth } from '../support/auth.ts';

export const PASSWORD = 'correct horse';
export const JANE = { username: 'jane', password: PASSWORD };

/** Registers {@link JANE} with an email address. */
export async function signInJane(real: TestAuth) {
  return real.auth.register({ ...JANE, email: 'jane@example.com' });
}

/** Replaces the stored hash of a user. @param sessionId the session that lives on */
export async function storeHash(
  { store, clock }: TestAuth,
  userId: string,
  hash: string,
  sessionId?: string,
) {
  const now = clock.ms;
  const change = await store.changePassword({
    userId,
    verifiedHash: null,
    newHash: hash,
    keep: sessionId === undefined ? null : { sessionId, expiresAt: now + 1e9, ...anyAge },
    now,
    issuedUntil: now,
    // Sorts before the events of the tests.
    event: anEvent({ id: unique('0'), subject: aboutUser(userId) }),
  });
  assert.ok(change.found);
}

/** Runs `act` after the next verification of a password, before its result is used. */
export function onceVerified({ hasher }: TestAuth, act: () => Promise<unknown>): void {
  const verify = hasher.verify.bind(hasher);
  hasher.verify = async (...args) => {
    hasher.verify = verify;
    const verdict = await verify(...args);
    await act();
    return verdict;
  };
}
