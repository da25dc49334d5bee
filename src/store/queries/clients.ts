import type { ClientRecord, ClientSecret } from '../../auth/model.ts';
import { type NewRow, TABLES } from '../schema.ts';
import { pick, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { auditLog } from './audit.ts';
import type { Verbs } from './verb.ts';

type ClientVerbs = Pick<
  Verbs,
  'createClient' | 'findClient' | 'listClients' | 'rotateClientSecret' | 'deleteClient'
>;

/** A client with one of its secrets, or with nulls if it has none. */
interface JoinedRow extends NewRow<'clients'> {
  secretId: string | null;
  hash: string | null;
  secretCreatedAt: number | null;
  endsAt: number | null;
}

/** Clients and their secrets. */
export function clientVerbs(sql: Sql): ClientVerbs {
  const record = auditLog(sql);
  const insertUnlessTaken = query(sql, 'clients.insertUnlessTaken', (p: NewRow<'clients'>) =>
    sql.db
      .insertInto('clients')
      .values(pick(p, TABLES.clients.columns.names))
      .onConflict((it) => it.doNothing())
      .returning('id'),
  );
  const insertSecret = query(sql, 'clients.insertSecret', (p: NewRow<'client_secrets'>) =>
    sql.db.insertInto('client_secrets').values(pick(p, TABLES.client_secrets.columns.names)),
  );
  // One statement for a client and its secrets: introspection runs it at every request.
  const select = () =>
    sql.db
      .selectFrom('clients')
      .leftJoin('client_secrets', 'client_secrets.client_id', 'clients.id')
      .select([
        'clients.id',
        'clients.kind',
        'clients.name',
        'clients.created_at',
        'client_secrets.id as secretId',
        'client_secrets.hash',
        'client_secrets.created_at as secretCreatedAt',
        'client_secrets.ends_at as endsAt',
      ])
      .orderBy('clients.created_at')
      .orderBy('clients.id')
      .orderBy('client_secrets.created_at')
      .orderBy('client_secrets.id');
  const selectById = query(sql, 'clients.selectById', (p: { id: string }) =>
    select().where('clients.id', '=', p.id),
  );
  const selectAll = query(sql, 'clients.selectAll', () => select());
  const lock = query(sql, 'clients.lock', (p: { id: string }) =>
    sql.forUpdate(sql.db.selectFrom('clients').select('id').where('id', '=', p.id)),
  );
  const endSecrets = query(sql, 'clients.endSecrets', (p: { id: string; endsAt: number }) =>
    sql.db
      .updateTable('client_secrets')
      .set({ ends_at: p.endsAt })
      .where('client_id', '=', p.id)
      .where((it) => it.or([it('ends_at', 'is', null), it('ends_at', '>', p.endsAt)])),
  );
  const removeEnded = query(sql, 'clients.removeEnded', (p: { id: string; now: number }) =>
    sql.db.deleteFrom('client_secrets').where('client_id', '=', p.id).where('ends_at', '<=', p.now),
  );
  const remove = query(sql, 'clients.remove', (p: { id: string }) =>
    sql.db.deleteFrom('clients').where('id', '=', p.id).returning('id'),
  );

  return {
    *createClient({ client, event }) {
      const [inserted] = yield* insertUnlessTaken(TABLES.clients.columns.toRow(client));
      if (inserted === undefined) return { status: 'taken' };
      for (const secret of client.secrets) yield* insertSecret(toSecretRow(client.id, secret));
      yield* record(event);
      return { status: 'created' };
    },

    *findClient({ id }) {
      return toRecords(yield* selectById({ id }))[0];
    },

    *listClients() {
      return toRecords(yield* selectAll({}));
    },

    *rotateClientSecret({ id, secret, othersEndAt, now, event }) {
      // The lock makes two rotations run one after the other, and keeps a client that is being deleted from getting a
      // secret.
      const [found] = yield* lock({ id });
      if (found === undefined) return undefined;
      yield* endSecrets({ id, endsAt: othersEndAt });
      yield* removeEnded({ id, now });
      yield* insertSecret(toSecretRow(id, secret));
      yield* record(event);
      return toRecords(yield* selectById({ id }))[0];
    },

    *deleteClient({ id, event }) {
      const [removed] = yield* remove({ id });
      if (removed === undefined) return { found: false };
      yield* record(event);
      return { found: true };
    },
  };
}

function toSecretRow(clientId: string, secret: ClientSecret): NewRow<'client_secrets'> {
  return TABLES.client_secrets.columns.toRow({ ...secret, clientId });
}

/** @param rows ordered so that the rows of one client stand together */
function toRecords(rows: readonly JoinedRow[]): ClientRecord[] {
  const records: (ClientRecord & { secrets: ClientSecret[] })[] = [];
  for (const row of rows) {
    const { id, kind, name, created_at: createdAt } = row;
    let record = records.at(-1);
    if (record?.id !== id) {
      record = { id, kind, name, createdAt, secrets: [] };
      records.push(record);
    }
    const { secretId, hash, secretCreatedAt, endsAt } = row;
    if (secretId === null || hash === null || secretCreatedAt === null) continue;
    record.secrets.push({ id: secretId, hash, createdAt: secretCreatedAt, endsAt });
  }
  return records;
}
