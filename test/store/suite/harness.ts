import assert from 'node:assert/strict';
import type { Session, UserRecord } from '../../../src/auth/model.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import type { Revocation } from '../../../src/revocation/revocation.ts';
import { latestEvents } from '../../support/events.ts';
import { anEvent, aProof, aSession, aUser } from '../records.ts';

/** A database of its own for one test or one group of tests. */
export interface TestDatabase {
  readonly store: Store;
  /** A further store on the same database, as another process would have it; absent in memory. */
  readonly another?: () => Promise<Store>;
  /** Closes everything and removes the database. */
  readonly remove: () => Promise<void>;
}

export type OpenDatabase = () => Promise<TestDatabase>;

/** Stores a user with as many sessions as asked for. */
export async function signUp(
  store: Store,
  sessionCount = 1,
  fields: Partial<UserRecord> = {},
): Promise<{ user: UserRecord; sessions: Session[] }> {
  const user = aUser(fields);
  const sessions = Array.from({ length: sessionCount }, () => aSession(user.id));
  const [first = null, ...others] = sessions;
  const created = await store.createUser({ user, session: first, event: anEvent() });
  assert.equal(created.status, 'created');
  for (const session of others) {
    const args = { session, proof: aProof(user), event: anEvent() };
    assert.equal((await store.openSession(args)).status, 'opened');
  }
  return { user, sessions };
}

/** A user with exactly one session. */
export async function signIn(store: Store): Promise<{ user: UserRecord; session: Session }> {
  const { user, sessions } = await signUp(store);
  const [session] = sessions;
  assert.ok(session);
  return { user, session };
}

export async function newestSeq(store: Store): Promise<number> {
  return (await store.listRevocations({ after: 0, now: 0 })).lastSeq;
}

/** What `work` wrote to the log, without the places in it. */
export async function logged(
  store: Store,
  work: () => Promise<unknown>,
): Promise<Omit<Revocation, 'seq'>[]> {
  const after = await newestSeq(store);
  await work();
  const { revocations } = await store.listRevocations({ after, now: 0 });
  return revocations.map(({ seq: _, ...entry }) => entry);
}

export async function sessionIds(store: Store, userId: string): Promise<string[]> {
  const sessions = await store.listSessions({ userId, now: 0, limit: 1_000 });
  return sessions.map((it) => it.id).sort();
}

/** Whether an event of this id was written. */
export async function isRecorded(store: Store, eventId: string): Promise<boolean> {
  const events = await latestEvents(store, null, 1_000);
  return events.some((it) => it.id === eventId);
}

export function revoking(fields: Parameters<typeof anEvent>[0] = {}) {
  return { issuedUntil: 9_000, event: anEvent(fields) };
}
