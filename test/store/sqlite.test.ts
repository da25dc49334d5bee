import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/index.ts';
import { storeSuite } from './suite.ts';

async function openFile(thread: 'worker' | 'inline') {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-store-'));
  const path = join(folder, 'latchkey.db');
  const store = await openSqliteStore({ path, thread });
  return {
    store,
    // On a thread of its own, so that waiting for the first one's lock does not stop the first one.
    another: () => openSqliteStore({ path, thread: 'worker' }),
    remove: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

storeSuite('SQLite file on a worker thread', () => openFile('worker'));
storeSuite('SQLite file on the calling thread', () => openFile('inline'));
storeSuite('SQLite in memory', async () => {
  const store = await openSqliteStore({ path: ':memory:', thread: 'inline' });
  return { store, remove: () => store.close() };
});
