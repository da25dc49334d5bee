import { isPastMaxAge, limitExpiry } from '../../../auth/sessions/session-lifetime.ts';
import { TABLES } from '../../schema.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import { auditLog } from '../audit.ts';
import { placesLeaving } from '../limits.ts';
import { liveSessionLock, userLock } from '../row-locks.ts';
import { factorConsumption } from '../second-factors/use-factor.ts';
import { NOT_FOUND, userRevocation } from '../users/session-epoch.ts';
import type { Verbs } from '../verb.ts';

const { columns } = TABLES.sessions;

export function reauthenticationVerb(sql: Sql): Pick<Verbs, 'reauthenticate'> {
  const record = auditLog(sql);
  const revokeUser = userRevocation(sql);
  const leavePlaces = placesLeaving(sql);
  const consumeFactor = factorConsumption(sql);
  const lockUser = userLock(sql);
  const lockSession = liveSessionLock(sql);
  const changeUser = query(
    sql,
    'reauthenticate.changeUser',
    (p: { id: string; version: number; hash: string | null }) =>
      sql.db
        .updateTable('users')
        .set({ token_version: p.version, password_hash: p.hash })
        .where('id', '=', p.id),
  );
  const renew = query(
    sql,
    'reauthenticate.renew',
    (p: {
      id: string;
      generation: number;
      now: number;
      expiresAt: number;
      amr: string;
      mfaTime: number | null;
    }) =>
      sql.db
        .updateTable('sessions')
        .set({
          generation: p.generation,
          first_generation: p.generation,
          parent_generation: null,
          rotated_at: p.now,
          expires_at: p.expiresAt,
          auth_time: p.now,
          amr: p.amr,
          mfa_time: p.mfaTime,
        })
        .where('id', '=', p.id),
  );

  return {
    *reauthenticate({
      sessionId,
      userId,
      proof,
      amr,
      places,
      now,
      issuedUntil,
      event,
      ...lifetime
    }) {
      const [user] = yield* lockUser({ id: userId });
      if (user === undefined || user.disabled_at !== null) return NOT_FOUND;
      if (proof.kind === 'password' && user.password_hash !== proof.verifiedHash) return NOT_FOUND;
      const epoch = user.session_epoch;
      const [row] = yield* lockSession({ id: sessionId, userId, epoch, now });
      if (row === undefined) return NOT_FOUND;
      const current = columns.fromRow(row);
      if (isPastMaxAge(current, { now, ...lifetime })) return NOT_FOUND;
      if (proof.kind === 'second_factor' && proof.factor.userId !== userId) return NOT_FOUND;
      // After the user and the session are locked, and before anything is written.
      if (proof.kind === 'second_factor' && !(yield* consumeFactor(proof.factor))) return NOT_FOUND;
      const version = user.token_version + 1;
      const rehash = proof.kind === 'password' ? proof.rehash : null;
      const hash = rehash ?? user.password_hash;
      yield* changeUser({ id: userId, version, hash });
      const session = {
        ...current,
        generation: current.generation + 1,
        rotatedAt: now,
        expiresAt: limitExpiry(current.createdAt, lifetime),
        authTime: now,
        mfaTime: proof.kind === 'second_factor' ? now : current.mfaTime,
        amr,
      };
      const { generation, expiresAt, mfaTime } = session;
      const { amr: words } = columns.toRow(session);
      yield* renew({ id: sessionId, generation, now, expiresAt, amr: words, mfaTime });
      yield* record(event);
      if (places !== undefined) yield* leavePlaces(places);
      const entry = yield* revokeUser(userId, version, issuedUntil);
      const changed = { ...user, token_version: version, password_hash: hash };
      const renewed = { session, user: TABLES.users.columns.fromRow(changed) };
      return { found: true, revocations: [entry], renewed };
    },
  };
}
