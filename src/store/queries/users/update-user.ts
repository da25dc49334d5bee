import { TABLES } from '../../schema.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import { auditLog } from '../audit.ts';
import { userLock } from '../row-locks.ts';
import type { Verbs } from '../verb.ts';
import { NOT_FOUND, userRevocation } from './session-epoch.ts';

const { columns } = TABLES.users;

export function updateVerbs(sql: Sql): Pick<Verbs, 'updateUser'> {
  const record = auditLog(sql);
  const revokeUser = userRevocation(sql);
  const lockUser = userLock(sql);
  const findByUsername = query(sql, 'update.findByUsername', (p: { key: string; id: string }) =>
    sql.db
      .selectFrom('users')
      .select('id')
      .where('username_key', '=', p.key)
      .where('id', '<>', p.id),
  );
  const findByEmail = query(sql, 'update.findByEmail', (p: { key: string; id: string }) =>
    sql.db.selectFrom('users').select('id').where('email_key', '=', p.key).where('id', '<>', p.id),
  );
  const update = query(
    sql,
    'update.replace',
    (p: {
      id: string;
      username: string | null;
      username_key: string | null;
      email: string | null;
      email_key: string | null;
      email_verified_at: number | null;
      name: string | null;
      profile: string;
      token_version: number;
      updated_at: number;
    }) =>
      sql.db
        .updateTable('users')
        .set({
          username: p.username,
          username_key: p.username_key,
          email: p.email,
          email_key: p.email_key,
          email_verified_at: p.email_verified_at,
          name: p.name,
          profile: p.profile,
          token_version: p.token_version,
          updated_at: p.updated_at,
        })
        .where('id', '=', p.id),
  );

  return {
    *updateUser({ userId, changes, now, issuedUntil, event }) {
      const [row] = yield* lockUser({ id: userId });
      if (row === undefined) return NOT_FOUND;
      const before = columns.fromRow(row);
      const tokenVersion = before.tokenVersion + 1;
      const user = { ...before, ...changes, tokenVersion, updatedAt: now };
      const { usernameKey, emailKey } = user;
      if (usernameKey !== null && usernameKey !== before.usernameKey) {
        const holders = yield* findByUsername({ key: usernameKey, id: userId });
        if (holders.length > 0) return { ...NOT_FOUND, taken: 'username' };
      }
      if (emailKey !== null && emailKey !== before.emailKey) {
        const holders = yield* findByEmail({ key: emailKey, id: userId });
        if (holders.length > 0) return { ...NOT_FOUND, taken: 'email' };
      }
      // Another address has proved nothing yet.
      const isSame = emailKey === before.emailKey;
      const emailVerifiedAt = isSame ? before.emailVerifiedAt : null;
      yield* update(columns.toRow({ ...user, emailVerifiedAt }));
      yield* record(event);
      const entry = yield* revokeUser(userId, tokenVersion, issuedUntil);
      return { found: true, revocations: [entry], user: { ...user, emailVerifiedAt } };
    },
  };
}
