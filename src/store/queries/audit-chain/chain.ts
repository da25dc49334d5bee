import { CHAIN_STATE, type EventRecord, type EventSeal } from '../../../auth/ports/audit-chain.ts';
import { StoreUnavailable } from '../../../kernel/errors.ts';
import { TABLES } from '../../schema.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Value } from '../../sql/steps.ts';
import { fromEventRow } from '../event-rows.ts';
import { nodeState } from '../node-state.ts';
import type { Verbs } from '../verb.ts';
import { erasureInChain } from './erasure.ts';

/** A few sizes, so that there are few different statements, each of which stays prepared. */
const SEALS_PER_STATEMENT = [64, 8, 1] as const;

type ChainVerbs = Pick<
  Verbs,
  'readUnsealed' | 'sealEvents' | 'readSealed' | 'readUndelivered' | 'countUnsealed' | 'cutEvents'
>;

/** The verbs of the chain. Reads and the sealing itself are a few statements for any number of events. */
export function auditChainVerbs(sql: Sql): ChainVerbs {
  const { lock: lockState, find: findState, replace: replaceState } = nodeState(sql);
  const { findOfDeleted, erase } = erasureInChain(sql);
  const { aliases, names } = TABLES.audit_events.columns;
  const selectEvents = () =>
    sql.db
      .selectFrom('audit_events')
      .select(aliases)
      .select(['seq', 'mac', 'sealed_at as sealedAt']);
  const selectUnsealed = query(sql, 'auditChain.selectUnsealed', (p: { limit: number }) =>
    selectEvents().where('seq', 'is', null).orderBy('id').limit(p.limit),
  );
  const selectSealed = query(
    sql,
    'auditChain.selectSealed',
    (p: { after: number; limit: number }) =>
      selectEvents()
        .where('seq', 'is not', null)
        .where('seq', '>', p.after)
        .orderBy('seq')
        .limit(p.limit),
  );
  const selectRows = query(sql, 'auditChain.selectRows', (p: { after: number; limit: number }) =>
    sql.db
      .selectFrom('audit_events')
      .select(names)
      .select('seq')
      .where('seq', 'is not', null)
      .where('seq', '>', p.after)
      .orderBy('seq')
      .limit(p.limit),
  );
  const selectLast = query(sql, 'auditChain.selectLast', () =>
    sql.db
      .selectFrom('audit_events')
      .select('seq')
      .where('seq', 'is not', null)
      .orderBy('seq', 'desc')
      .limit(1),
  );
  const countRest = query(sql, 'auditChain.countRest', () =>
    sql.db
      .selectFrom('audit_events')
      .select((it) => [it.fn.countAll<number>().as('count'), it.fn.min('at').as('oldestAt')])
      .where('seq', 'is', null),
  );
  const removeUpTo = query(sql, 'auditChain.removeUpTo', (p: { upTo: number }) =>
    sql.db.deleteFrom('audit_events').where('seq', 'is not', null).where('seq', '<=', p.upTo),
  );

  return {
    *readUnsealed({ limit }) {
      // The events come first: if they are sealed in between, the state is newer, and `sealEvents` refuses it.
      const records = (yield* selectUnsealed({ limit })) as EventRecord[];
      // Most calls find nothing.
      if (records.length === 0) return { state: '', lastSeq: 0, records };
      const [last] = yield* selectLast({});
      return { state: yield* findState(CHAIN_STATE), lastSeq: last?.seq ?? 0, records };
    },

    *sealEvents({ fence, expected, state, seals, owners, sealedAt }) {
      // The attack on its own work: a node that was suspended goes on after another has taken its place.
      if ((yield* lockState(fence.name)) !== fence.value) return { status: 'lease lost' };
      if ((yield* lockState(CHAIN_STATE)) !== expected) return { status: 'outdated' };
      const ofDeleted = yield* findOfDeleted(owners);
      for (let rest = seals; rest.length > 0; ) {
        const size = SEALS_PER_STATEMENT.find((it) => it <= rest.length) ?? 1;
        const sealed = yield sealStatement(sql, rest.slice(0, size), sealedAt);
        if (sealed.length !== size) {
          throw new StoreUnavailable('An audit event was changed while it was being sealed.');
        }
        rest = rest.slice(size);
      }
      for (const id of ofDeleted) yield* erase({ id });
      yield* replaceState({ name: CHAIN_STATE, value: state });
      return { status: 'sealed' };
    },

    *readSealed({ after, limit }) {
      // The state comes first, so that there is an event for every number that it knows.
      const state = yield* findState(CHAIN_STATE);
      return { state, records: (yield* selectSealed({ after, limit })) as EventRecord[] };
    },

    *readUndelivered({ cursor: name, limit }) {
      const stored = yield* findState(name);
      if (stored === '') {
        const [last] = yield* selectLast({});
        return { cursor: null, lastSeq: last?.seq ?? 0, events: [] };
      }
      const cursor = Number(stored);
      const rows = yield* selectRows({ after: cursor, limit });
      const events = rows.flatMap((row) =>
        row.seq === null ? [] : [{ seq: row.seq, event: fromEventRow(row) }],
      );
      return { cursor, lastSeq: events.at(-1)?.seq ?? cursor, events };
    },

    *countUnsealed() {
      const [row] = yield* countRest({});
      return { count: Number(row?.count ?? 0), oldestAt: row?.oldestAt ?? null };
    },

    *cutEvents({ expected, state, upTo }) {
      if ((yield* lockState(CHAIN_STATE)) !== expected) return { status: 'outdated' };
      yield* removeUpTo({ upTo });
      yield* replaceState({ name: CHAIN_STATE, value: state });
      return { status: 'cut' };
    },
  };
}

/**
 * One statement for several events. It is text, because the query builder must not be loaded where all other statements
 * were compiled beforehand, and the number of its rows varies.
 */
function sealStatement(sql: Sql, seals: readonly EventSeal[], sealedAt: number) {
  // In the order of the text: not every database can name a parameter.
  const values: Value[] = [];
  const bind = (value: Value) => sql.parameter(values.push(value));
  const rows = seals.map(
    ({ id, seq, mac, unproven }) =>
      `(${bind(id)}, ${bind(String(seq))}, ${bind(mac)}, ${bind(unproven === null ? 'y' : 'n')}, ${bind(unproven?.salt ?? null)}, ${bind(unproven?.digest ?? null)})`,
  );
  const text = `with seals (id, seq, mac, proven, salt, digest) as (values ${rows.join(', ')})
    update audit_events set
      seq = cast(seals.seq as bigint), mac = seals.mac,
      sealed_at = cast(${bind(sealedAt)} as bigint),
      origin = case when seals.proven = 'y' then audit_events.origin end,
      salt = case when seals.proven = 'y' then audit_events.salt else seals.salt end,
      digest = case when seals.proven = 'y' then audit_events.digest else seals.digest end
    from seals
    where audit_events.id = seals.id and audit_events.seq is null
    returning audit_events.id`;
  return { text, values };
}
