import { openPostgresStore } from '../../src/store/index.ts';
import { startPostgres } from '../support/postgres.ts';
import { storeSuite } from './suite.ts';

const server = await startPostgres();

/** On a busy machine many callers take a while, and these tests must refuse none of them. */
const patience = { connectTimeoutMs: 30_000, statementTimeoutMs: 30_000 };

async function openDatabase() {
  const url = await server.createDatabase();
  const store = await openPostgresStore({ url, ...patience });
  return {
    store,
    another: () => openPostgresStore({ url, ...patience }),
    remove: () => store.close(),
  };
}

storeSuite('PostgreSQL', openDatabase, false);
