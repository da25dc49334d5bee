import type { Session, UserRecord } from '../../src/auth/model.ts';
import type { SecretUse } from '../../src/auth/ports/one-time-secrets.ts';
import type { Store } from '../../src/auth/ports/store.ts';
import { aKey, anEvent, anyAge, aProof, aSecret, aSession, unique } from './records.ts';
import { revoking, signUp } from './suite/harness.ts';

/** A user with two sessions: `session` is the one that the acts are about. */
export interface Actors {
  readonly user: UserRecord;
  readonly session: Session;
  readonly other: Session;
}

const now = 500_000;
/** When the sessions of these tests expire if they are refreshed or kept. */
const later = 1_000_000;
/** Every session has expired. */
const pastExpiry = 2_000_000;

export async function signUpForAct(store: Store): Promise<Actors> {
  const { user, sessions } = await signUp(store, 2);
  const [session, other] = sessions;
  if (session === undefined || other === undefined) throw new Error('no sessions');
  return { user, session, other };
}

function rotate(store: Store, sessionId: string, generation: number): Promise<unknown> {
  const swap = { sessionId, generation, now, grace: 0, expiresAt: later, ...anyAge };
  return store.rotateSession({ ...swap, ...revoking() });
}

interface Login {
  readonly rehash?: string;
  readonly maxSessions?: number;
}

function logIn(store: Store, user: UserRecord, { rehash, maxSessions = 100 }: Login = {}) {
  return store.openSession({
    session: aSession(user.id),
    proof: aProof(user, rehash),
    event: anEvent(),
    bound: { maxSessions, ...revoking() },
  });
}

/** One of the three that a user may have. */
async function createSecret(store: Store, userId: string): Promise<SecretUse> {
  const secret = aSecret({ purpose: 'challenge', subject: userId });
  const bound = { limit: 3, endsOldest: true, replaces: null };
  await store.createOneTimeSecret({ secret, bound, now });
  return { ...secret, now };
}

function setPassword(store: Store, userId: string, keepSessionId?: string, consume?: SecretUse) {
  const keep =
    keepSessionId === undefined ? null : { sessionId: keepSessionId, expiresAt: later, ...anyAge };
  const secret = consume === undefined ? {} : { consume };
  const change = { verifiedHash: null, newHash: unique('hash'), keep, now, ...secret };
  return store.changePassword({ userId, ...change, ...revoking() });
}

/** All that ends, begins or touches a session or its user, or writes to the revocation log. */
export const acts = {
  login: (store, { user }) => logIn(store, user),
  'login that replaces the hash': (store, { user }) =>
    logIn(store, user, { rehash: unique('hash') }),
  'login that ends the oldest session': (store, { user }) => logIn(store, user, { maxSessions: 2 }),
  refresh: (store, { session }) => rotate(store, session.id, 0),
  'refresh of the other session': (store, { other }) => rotate(store, other.id, 0),
  'refresh reuse': (store, { session }) => rotate(store, session.id, 7),
  logout: (store, { user, session }) =>
    store.endSession({
      sessionId: session.id,
      userId: user.id,
      evenIfGone: true,
      ...revoking(),
    }),
  'end of the other session': (store, { user, other }) =>
    store.endSession({ sessionId: other.id, userId: user.id, ...revoking() }),
  'logout everywhere': (store, { user }) =>
    store.endAllSessions({ userId: user.id, now, ...revoking() }),
  'password change': (store, { user, session }) => setPassword(store, user.id, session.id),
  'password set': (store, { user }) => setPassword(store, user.id),
  'password change with a one-time secret': async (store, { user, session }) => {
    const use = await createSecret(store, user.id);
    return setPassword(store, user.id, session.id, use);
  },
  reauthentication: (store, { user, session }) =>
    store.reauthenticate({
      userId: user.id,
      sessionId: session.id,
      proof: aProof(user),
      amr: ['pwd'],
      now,
      expiresAt: later,
      ...anyAge,
      ...revoking(),
    }),
  'creation of a one-time secret': (store, { user }) => createSecret(store, user.id),
  'use of a one-time secret': async (store, { user }) =>
    store.consumeOneTimeSecret(await createSecret(store, user.id)),
  'required password change': (store, { user }) =>
    store.requirePasswordChange({ userId: user.id, now, ...revoking() }),
  update: (store, { user }) =>
    store.updateUser({ userId: user.id, changes: { name: unique('name') }, now, ...revoking() }),
  'disabling by an administrator': (store, { user, session }) =>
    store.setDisabled({
      userId: user.id,
      disabled: true,
      now,
      by: { userId: user.id, sessionId: session.id, role: 'reader' },
      ...revoking(),
    }),
  'change of roles': (store, { user }) =>
    store.setRoles({ userId: user.id, roles: ['x'], now, ...revoking() }),
  disabling: (store, { user }) =>
    store.setDisabled({ userId: user.id, disabled: true, now, ...revoking() }),
  enabling: (store, { user }) =>
    store.setDisabled({ userId: user.id, disabled: false, now, ...revoking() }),
  deletion: (store, { user }) => store.deleteUser({ userId: user.id, now, ...revoking() }),
  'revocation of a token': (store) => store.revokeToken({ jti: unique('jti'), ...revoking() }),
  housekeeping: (store) =>
    store.purgeExpired({ now: pastExpiry, limit: 100, eventsBefore: 'event-9' }),
  'removal of surplus sessions': (store, { user }) =>
    store.cleanUpSessions({
      userId: user.id,
      maxSessions: 1,
      issuedUntil: revoking().issuedUntil,
      events: [anEvent(), anEvent()],
    }),
  'change of keys': async (store) => {
    const { version } = await store.readKeys();
    const { event, issuedUntil } = revoking();
    const revocation = { kind: 'key', subject: unique('kid'), version: 0, issuedUntil } as const;
    return store.changeKeys({ version, keys: [aKey()], revocations: [revocation], event });
  },
  'raised number': (store) => store.setMax({ name: 'number', value: Math.random() }),
} satisfies Record<string, (store: Store, given: Actors) => Promise<unknown>>;

export type ActName = keyof typeof acts;

export const actNames = Object.keys(acts) as ActName[];
