import { applyMigrations, createMigrationsTable } from '../../src/store/migrate.ts';
import type { Sql } from '../../src/store/sql/sql.ts';
import type { Steps } from '../../src/store/sql/steps.ts';

/** Makes the tables of an older version in an empty database. */
export function* createOldSchema(sql: Sql, version: number): Steps<void> {
  yield* createMigrationsTable(sql);
  yield* applyMigrations(sql, { from: 0, to: version });
}
