import { openPostgresStore } from '../../src/store/index.ts';
import { startPostgres } from '../support/postgres.ts';
import { storeSuite } from './suite.ts';

const server = await startPostgres();

async function openDatabase() {
  const url = await server.createDatabase();
  const store = await openPostgresStore({ url });
  return {
    store,
    another: () => openPostgresStore({ url }),
    remove: () => store.close(),
  };
}

storeSuite('PostgreSQL', openDatabase, false);
