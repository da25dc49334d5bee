import { migrate } from '../migrate.ts';
import { createVerbs } from '../queries/index.ts';
import type { CompiledStatement, CompiledStatements } from '../sql/query.ts';
import { createSqliteSql } from './dialect.ts';

/**
 * Compiles every statement that a running server uses. Those of migrations are compiled when they run.
 * @throws {Error} if two different statements have the same name
 */
export function compileSqliteStatements(): CompiledStatements {
  const found = new Map<string, CompiledStatement>();
  const sql = createSqliteSql({
    compiled: {},
    collect(name, compile) {
      const statement = compile();
      // Several verbs may declare the same statement.
      const same = found.get(name)?.text ?? statement.text;
      if (same !== statement.text) throw new Error(`Two statements are named ${name}.`);
      found.set(name, statement);
    },
  });
  createVerbs(sql);
  // Its first step comes after its statements were declared.
  migrate(sql).next();
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
