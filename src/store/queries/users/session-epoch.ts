import type { Revocation } from '../../../revocation/revocation.ts';
import type { Row } from '../../schema.ts';
import { type Query, query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { revocationLog } from '../revocations.ts';
import { sessionRemoval } from '../sessions/session-removal.ts';

/** The result of a verb that found nothing to act on. */
export const NOT_FOUND = { found: false, revocations: [] } as const;

/** Ends all sessions and access tokens of a user by one change to the user's row. */
export function epochRaise(sql: Sql): Query<{ id: string; now: number }, Row<'users'>> {
  return query(sql, 'account.raiseEpoch', (p: { id: string; now: number }) =>
    sql.db
      .updateTable('users')
      .set((it) => ({
        token_version: it('token_version', '+', 1),
        session_epoch: it('session_epoch', '+', 1),
        updated_at: p.now,
      }))
      .where('id', '=', p.id)
      .returningAll(),
  );
}

/** Ends them in the same way, and removes the rows of the sessions. @returns the user as it is now */
export function endOfAllSessions(
  sql: Sql,
): (userId: string, now: number) => Steps<Row<'users'> | undefined> {
  const raiseEpoch = epochRaise(sql);
  const { removeBefore } = sessionRemoval(sql);
  return function* (userId, now) {
    const [user] = yield* raiseEpoch({ id: userId, now });
    if (user !== undefined) yield* removeBefore(userId, user.session_epoch);
    return user;
  };
}

/** Appends the entry that refuses the user's access tokens below a version. */
export function userRevocation(
  sql: Sql,
): (userId: string, version: number, issuedUntil: number) => Steps<Revocation> {
  const revoke = revocationLog(sql);
  return (subject, version, issuedUntil) => revoke({ kind: 'user', subject, version, issuedUntil });
}
