import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import type { Verbs } from './verb.ts';

/** What all nodes must agree on, by name. */
export function factVerbs(sql: Sql): Pick<Verbs, 'raise' | 'exchange'> {
  const insertUnlessThere = query(
    sql,
    'facts.insertUnlessThere',
    (p: { name: string; value: string }) =>
      sql.db
        .insertInto('facts')
        .values({ name: p.name, value: p.value })
        .onConflict((it) => it.doNothing()),
  );
  const select = query(sql, 'facts.select', (p: { name: string }) =>
    sql.forUpdate(sql.db.selectFrom('facts').select('value').where('name', '=', p.name)),
  );
  const replace = query(sql, 'facts.replace', (p: { name: string; value: string }) =>
    sql.db.updateTable('facts').set({ value: p.value }).where('name', '=', p.name),
  );

  function* settle(name: string, value: string): Steps<string> {
    yield* insertUnlessThere({ name, value });
    const [fact] = yield* select({ name });
    if (fact === undefined) throw new Error('A fact that was just stored is not there.');
    return fact.value;
  }

  return {
    *raise({ name, value }) {
      const stored = Number(yield* settle(name, String(value)));
      if (stored >= value) return stored;
      yield* replace({ name, value: String(value) });
      return value;
    },

    *exchange({ name, expected, value }) {
      const stored = yield* settle(name, '');
      if (stored !== expected) return stored;
      yield* replace({ name, value });
      return value;
    },
  };
}
