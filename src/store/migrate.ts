import type { Notice } from '../auth/notice.ts';
import { StoreUnavailable } from '../kernel/errors.ts';
import type { EnterStep } from '../kernel/timing/step-watch.ts';
import { initial } from './migrations/001-initial.ts';
import { guards } from './migrations/002-guards.ts';
import { eventSubject } from './migrations/003-event-subject.ts';
import { sessionEpochs } from './migrations/004-session-epochs.ts';
import { accounts } from './migrations/005-accounts.ts';
import { limits } from './migrations/006-limits.ts';
import { auditChain } from './migrations/007-audit-chain.ts';
import { administration } from './migrations/008-administration.ts';
import { mails } from './migrations/009-mails.ts';
import { secondFactors } from './migrations/010-second-factors.ts';
import { MIGRATING } from './opening.ts';
import { describeForeign, inspectDatabase, listNames } from './ownership.ts';
import { query } from './sql/query.ts';
import type { Sql } from './sql/sql.ts';
import type { Steps } from './sql/steps.ts';

/** The version of a migration is its place in this list, counted from 1. Only append: migrations are history. */
const MIGRATIONS: readonly { name: string; up: (sql: Sql) => Steps<void> }[] = [
  { name: 'initial', up: initial },
  { name: 'guards', up: guards },
  { name: 'event subject', up: eventSubject },
  { name: 'session epochs', up: sessionEpochs },
  { name: 'accounts', up: accounts },
  { name: 'limits', up: limits },
  { name: 'audit chain', up: auditChain },
  { name: 'administration', up: administration },
  { name: 'second factors', up: secondFactors },
  { name: 'mails', up: mails },
];

/** The version of the schema that this program knows. */
export const schemaVersion = MIGRATIONS.length;

/** Tells the operator that a database was made: they may have meant an existing one. */
export function madeEmpty(place: string): Notice {
  return {
    level: 'info',
    text: `An empty database was made in ${place}. If you expected one with users, check LATCHKEY_DATABASE_URL and LATCHKEY_DATA_DIR.`,
  };
}

/** What {@link migrate} found. */
export interface Migration {
  /** Whether the database was empty. */
  readonly isNew: boolean;
  /**
   * The schema that a new database is in, and others in the search path that hold a Latchkey database. Empty for a
   * database without schemas.
   */
  readonly schemas: readonly string[];
}

/**
 * Brings the database to the schema of this program. The driver runs it in one transaction that holds the write lock
 * from its beginning. So when several processes start together, one of them migrates, and the others find nothing
 * left to do.
 * @param enter called before the schema is changed, which may take long
 * @throws {StoreUnavailable} when a newer version or another program made the database
 */
export function* migrate(sql: Sql, enter: EnterStep = () => {}): Steps<Migration> {
  const findVersion = query(sql, 'migrate.findVersion', () =>
    sql.db.selectFrom('latchkey_migrations').select((it) => it.fn.max('version').as('version')),
  );

  yield* sql.assertUsable();
  const contents = yield* inspectDatabase(sql);
  if (contents.kind === 'foreign') {
    throw new StoreUnavailable(describeForeign(sql, contents.tables));
  }
  const isNew = contents.kind === 'empty';
  const schemas = isNew && sql.listSchemas !== undefined ? yield* listNames(sql.listSchemas) : [];
  if (isNew) {
    yield* createMigrationsTable(sql);
  } else if (contents.migrations !== 'latchkey_migrations') {
    yield { text: `alter table ${contents.migrations} rename to latchkey_migrations`, values: [] };
  }
  const [row] = yield* findVersion({});
  const version = row?.version ?? 0;
  if (version > schemaVersion) {
    throw new StoreUnavailable(
      `The database was made by a newer version of Latchkey (its schema is ${version}, this version knows ${schemaVersion}). ` +
        'Start that version, or restore a backup from before the upgrade.',
    );
  }
  if (version < schemaVersion) enter(MIGRATING);
  yield* applyMigrations(sql, { from: version, to: schemaVersion });
  return { isNew, schemas };
}

/** Creates the table that lists the migrations of a database. */
export function* createMigrationsTable(sql: Sql): Steps<void> {
  const createTable = query(sql, 'migrate.createTable', () =>
    sql.table(
      sql.db.schema
        .createTable('latchkey_migrations')
        .addColumn('version', sql.integer, (it) => it.primaryKey().notNull())
        .addColumn('name', sql.text, (it) => it.notNull()),
    ),
  );
  yield* createTable({});
}

/** Brings a database from one version of the schema to a later one, and records each step. */
export function* applyMigrations(
  sql: Sql,
  { from, to }: { from: number; to: number },
): Steps<void> {
  const record = query(sql, 'migrate.record', (p: { version: number; name: string }) =>
    sql.db.insertInto('latchkey_migrations').values({ version: p.version, name: p.name }),
  );
  for (const [index, { name, up }] of MIGRATIONS.entries()) {
    const version = index + 1;
    if (version <= from || version > to) continue;
    yield* up(sql);
    yield* record({ version, name });
  }
}
