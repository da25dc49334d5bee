import { sql as raw } from 'kysely';
import type { NewRevocation } from '../../../auth/ports/revocations.ts';
import { toEventRow } from '../../queries/event-records.ts';
import { fromUserRow, toSessionRow } from '../../queries/records.ts';
import type { AuditEventRow, NewSessionRow, UserRow } from '../../schema.ts';
import type { Sql } from '../../sql/sql.ts';
import {
  insertEvent,
  insertRevocation,
  insertSession,
  type Prefixed,
  prefix,
  rawQuery,
  type Written,
} from './fragments.ts';
import { type SingleStatements, USE_TRANSACTION } from './shortcut.ts';

type Entry = Prefixed<'entry', NewRevocation>;
type Event = Prefixed<'event', AuditEventRow>;

/**
 * Sessions that a user must be below the bound for one statement to open another. It counts them as they
 * were when it began, so as many may open beside it as all nodes have connections.
 */
const headroom = 32;
const noBound = 2 ** 31 - 1;

/** Log in and log out. */
export function sessionShortcuts(
  sql: Sql,
): Pick<SingleStatements, 'openSession' | 'endSession' | 'revokeToken'> {
  // Who changes the password, disables or deletes locks the user first. This waits for them and then
  // checks the user as it has become; those who come later wait for this, and find the session to end.
  const open = rawQuery(
    sql,
    'postgres.sessions.open',
    (p: Prefixed<'session', NewSessionRow> & Event & { verifiedHash: string; room: number }) =>
      raw<UserRow & { admitted: number }>`
      with account as (
        select * from users
        where id = ${p.session_user_id}
          and password_hash = ${p.verifiedHash}
          and disabled_at is null
          and password_change_required_at is null
        for share
      ),
      admitted as (
        select * from account where (
          select count(*) from (
            select from sessions where user_id = ${p.session_user_id} limit ${p.room}
          ) as held
        ) < ${p.room}
      ),
      opened as (${insertSession(p, raw`admitted`)}),
      recorded as (${insertEvent(p, raw`admitted`)})
      select account.*, (select count(*) from admitted) as admitted from account`,
  );
  // Selects from `revoked`, and from `appended` only for a row of it. The trigger of that insert takes the
  // log's lock before the insert asks for its first row, so selecting from `appended` first would take the
  // log's lock before the session's row, against the lock order (../locks.ts).
  const end = rawQuery(
    sql,
    'postgres.sessions.end',
    (p: Entry & Event & { id: string; userId: string | null; evenIfGone: number }) => raw<Written>`
      with ended as (
        delete from sessions
        where id = ${p.id} and user_id = coalesce(${p.userId}, user_id)
        returning id
      ),
      revoked as (
        select id from ended
        union all
        select ${p.id} where ${p.evenIfGone}::bigint = 1 and not exists (select from ended)
      ),
      appended as (${insertRevocation(p, raw`revoked`)}),
      recorded as (${insertEvent(p, raw`revoked`)})
      select
        (select seq from appended) as seq,
        (select expires_at from appended) as "expiresAt"
      from revoked`,
  );
  const revoke = rawQuery(
    sql,
    'postgres.sessions.revoke',
    (p: Entry & Event) => raw<Written>`
      with appended as (${insertRevocation(p, raw`(select) as nothing`)}),
      recorded as (${insertEvent(p, raw`appended`)})
      select seq, expires_at as "expiresAt" from appended`,
  );

  return {
    *openSession({ session, proof, event, bound }) {
      const room = bound === undefined ? noBound : bound.maxSessions - headroom;
      if (proof.kind !== 'password' || proof.rehash !== null || room < 1) return USE_TRANSACTION;
      const [row] = yield* open({
        ...prefix('session', toSessionRow(session)),
        ...prefix('event', toEventRow(event)),
        verifiedHash: proof.verifiedHash,
        room,
      });
      if (row === undefined) return { status: 'refused' };
      return row.admitted === 1 ? { status: 'opened', user: fromUserRow(row) } : USE_TRANSACTION;
    },

    *endSession({ sessionId, userId, evenIfGone = false, issuedUntil, event }) {
      const entry = { kind: 'session', subject: sessionId, version: 0 } as const;
      const [row] = yield* end({
        ...prefix('entry', { ...entry, issuedUntil }),
        ...prefix('event', toEventRow(event)),
        id: sessionId,
        userId,
        evenIfGone: Number(evenIfGone),
      });
      if (row === undefined) return { found: false, revocations: [] };
      return { found: true, revocations: [{ ...row, ...entry }] };
    },

    *revokeToken({ jti, issuedUntil, event }) {
      const entry = { kind: 'token', subject: jti, version: 0 } as const;
      const [row] = yield* revoke({
        ...prefix('entry', { ...entry, issuedUntil }),
        ...prefix('event', toEventRow(event)),
      });
      if (row === undefined) throw new Error('The revocation log answered no position.');
      return { found: true, revocations: [{ ...row, ...entry }] };
    },
  };
}
