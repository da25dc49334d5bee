import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import type { Verbs } from './verb.ts';

/** What verbs read and write of the state that all nodes of a database share, by name. The table is called `facts`. */
export function nodeState(sql: Sql) {
  const insertUnlessThere = query(
    sql,
    'nodeState.insertUnlessThere',
    (p: { name: string; value: string }) =>
      sql.db
        .insertInto('facts')
        .values({ name: p.name, value: p.value })
        .onConflict((it) => it.doNothing()),
  );
  const select = query(sql, 'nodeState.select', (p: { name: string }) =>
    sql.forUpdate(sql.db.selectFrom('facts').select('value').where('name', '=', p.name)),
  );
  const selectPlainly = query(sql, 'nodeState.selectPlainly', (p: { name: string }) =>
    sql.db.selectFrom('facts').select('value').where('name', '=', p.name),
  );
  const replace = query(sql, 'nodeState.replace', (p: { name: string; value: string }) =>
    sql.db.updateTable('facts').set({ value: p.value }).where('name', '=', p.name),
  );

  function* readOrInsert(name: string, value: string): Steps<string> {
    yield* insertUnlessThere({ name, value });
    const [row] = yield* select({ name });
    if (row === undefined) throw new Error('A value that was just stored was not found.');
    return row.value;
  }

  return {
    /** Locks the value of a name until the transaction ends. `initial` is its value if it has none. */
    lock: (name: string, initial = '') => readOrInsert(name, initial),
    /** Reads the value of a name, or `''`. */
    *find(name: string): Steps<string> {
      const [row] = yield* selectPlainly({ name });
      return row?.value ?? '';
    },
    replace,
  };
}

export function nodeStateVerbs(sql: Sql): Pick<Verbs, 'setMax' | 'compareAndSet'> {
  const { lock, replace } = nodeState(sql);
  return {
    *setMax({ name, value }) {
      const stored = Number(yield* lock(name, String(value)));
      if (stored >= value) return stored;
      yield* replace({ name, value: String(value) });
      return value;
    },

    *compareAndSet({ name, expected, value }) {
      const stored = yield* lock(name);
      if (stored !== expected) return stored;
      yield* replace({ name, value });
      return value;
    },
  };
}
