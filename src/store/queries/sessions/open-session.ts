import type { Session } from '../../../auth/model.ts';
import type { Proof } from '../../../auth/ports/proof.ts';
import { type NewRow, type Row, TABLES } from '../../schema.ts';
import { pick, query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { auditLog } from '../audit.ts';
import { toEventRow } from '../event-rows.ts';
import { placesLeaving } from '../limits.ts';
import { userLock } from '../row-locks.ts';
import { answerConsumption } from '../second-factors/use-factor.ts';
import { secretConsumption } from '../secret-consumption.ts';
import {
  type PrefixedEvent,
  type PrefixedSession,
  prefix,
  rawQuery,
  type SingleStatements,
  type StatementSql,
  statementParts,
  USE_TRANSACTION,
} from '../single-statement.ts';
import type { Verbs } from '../verb.ts';
import { roomMaking } from './session-surplus.ts';

const { columns } = TABLES.sessions;

/** Stores a session in the transaction of the verb that starts it. */
export function sessionInsert(sql: Sql): (session: Session, epoch: number) => Steps<void> {
  const insert = query(sql, 'sessions.insert', (p: NewRow<'sessions'> & { epoch: number }) =>
    sql.db.insertInto('sessions').values({ ...pick(p, columns.names), epoch: p.epoch }),
  );
  return function* (session, epoch) {
    yield* insert({ ...columns.toRow(session), epoch });
  };
}

/** Whether a session may not start because the account has a second factor that was not presented. */
export function lacksSecondFactor(
  { mfaTime }: Pick<Session, 'mfaTime'>,
  user: { readonly second_factor_at: number | null },
): boolean {
  return user.second_factor_at !== null && mfaTime === null;
}

export function openSessionVerb(sql: Sql): Pick<Verbs, 'openSession'> {
  const insertSession = sessionInsert(sql);
  const record = auditLog(sql);
  const makeRoom = roomMaking(sql);
  const consumeSecret = secretConsumption(sql);
  const leavePlaces = placesLeaving(sql);
  const consumeAnswer = answerConsumption(sql);
  const lockUser = userLock(sql);
  const replaceHash = query(sql, 'sessions.replaceHash', (p: { id: string; hash: string }) =>
    sql.db.updateTable('users').set({ password_hash: p.hash }).where('id', '=', p.id),
  );

  /** Whether the proof still holds. Uses up its one-time secret. The caller has locked the user. */
  function* holds(proof: Proof, user: Row<'users'>): Steps<boolean> {
    if (proof.kind === 'password') return proof.verifiedHash === user.password_hash;
    if (proof.kind === 'second_factor') return yield* consumeAnswer(user.id, proof);
    const { kind, consume } = proof;
    const namesUser = kind !== 'passkey' && kind !== 'identity';
    return (!namesUser || consume.subject === user.id) && (yield* consumeSecret(consume));
  }

  return {
    *openSession({ session, proof, event, places, bound }) {
      const [row] = yield* lockUser({ id: session.userId });
      if (row === undefined || row.disabled_at !== null) return { status: 'refused' };
      if (row.password_change_required_at !== null) return { status: 'refused' };
      // The attack: a thief with the password signs in while the owner adds a second factor.
      if (lacksSecondFactor(session, row)) return { status: 'refused' };
      if (!(yield* holds(proof, row))) return { status: 'refused' };
      const rehash = proof.kind === 'password' ? proof.rehash : null;
      if (rehash !== null) yield* replaceHash({ id: row.id, hash: rehash });
      yield* insertSession(session, row.session_epoch);
      yield* record(event);
      if (places !== undefined) yield* leavePlaces(places);
      const user = TABLES.users.columns.fromRow({
        ...row,
        password_hash: rehash ?? row.password_hash,
      });
      if (bound === undefined) return { status: 'opened', user };
      const revocations = yield* makeRoom(session, row, bound);
      return revocations.length === 0
        ? { status: 'opened', user }
        : { status: 'opened', user, revocations };
    },
  };
}

/**
 * How many sessions a user must be below the bound for one statement to open another. It counts them as they were
 * when it began, so as many as all nodes have connections may open at the same time.
 */
const HEADROOM = 32;
const NO_BOUND = 2 ** 31 - 1;

/** `openSession` in one statement. */
export function openSessionStatement(sql: StatementSql): Pick<SingleStatements, 'openSession'> {
  const { raw } = sql;
  const { insertSession, insertEvent } = statementParts(sql);
  // A change of the password, disabling and deletion lock the user first. This statement waits for those that came
  // before it and then checks the user as it is now. Changes that come later wait for it, and find the session to end.
  const open = rawQuery(
    sql,
    'sessions.openInOne',
    (
      p: PrefixedSession &
        PrefixedEvent & { verifiedHash: string; room: number; cleared: string; returned: string },
    ) =>
      raw<Row<'users'> & { admitted: number }>`
      with account as (
        select * from users
        where id = ${p.session_user_id}
          and password_hash = ${p.verifiedHash}
          and disabled_at is null
          and password_change_required_at is null
          and (second_factor_at is null or ${p.session_mfa_time}::bigint is not null)
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
      recorded as (${insertEvent(p, raw`admitted`)}),
      cleared as (
        delete from attempt_limits
        where key = any(${p.cleared}::text[]) and exists (select from admitted)
      ),
      returned as (
        update attempt_limits set attempts = attempts - 1, open_at = 0
        where key in (
          select key from attempt_limits
          where key = any(${p.returned}::text[]) and attempts > 0 and exists (select from admitted)
          order by key for no key update
        )
      )
      select account.*, (select count(*) from admitted) as admitted from account`,
  );

  return {
    *openSession({ session, proof, event, places, bound }) {
      const room = bound === undefined ? NO_BOUND : bound.maxSessions - HEADROOM;
      if (proof.kind !== 'password' || proof.rehash !== null || room < 1) return USE_TRANSACTION;
      const [row] = yield* open({
        ...prefix('session', columns.toRow(session)),
        ...prefix('event', toEventRow(event)),
        verifiedHash: proof.verifiedHash,
        room,
        cleared: `{${places?.cleared.join() ?? ''}}`,
        returned: `{${places?.returned.join() ?? ''}}`,
      });
      if (row === undefined) return { status: 'refused' };
      if (row.admitted === 0) return USE_TRANSACTION;
      return { status: 'opened', user: TABLES.users.columns.fromRow(row) };
    },
  };
}
