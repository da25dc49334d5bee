import { openSqliteStore } from '../../src/store/index.ts';
import { latestEvents } from '../support/events.ts';
import { anEvent } from './records.ts';

/**
 * Started by a test under a limit: writes until that is refused, and tells what it was promised. The
 * calls come in batches too large for SQLite's cache, so that some fail before their commit.
 */
const [path = '', thread] = process.argv.slice(2);
const store = await openSqliteStore({ path, thread: thread === 'inline' ? 'inline' : 'worker' });
const acknowledged: string[] = [];
const refusals = new Set<string>();
const reads: number[] = [];

async function write(): Promise<void> {
  const event = anEvent({ userAgent: 'x'.repeat(10_000) });
  try {
    await store.recordEvent(event);
    acknowledged.push(event.id);
  } catch (error) {
    refusals.add(String(error));
  }
}

async function read(): Promise<void> {
  reads.push((await latestEvents(store, null, 10_000)).length);
}

const batchSizes = [1, 10, 20, 400, 1, 400];
for (const size of batchSizes) {
  await Promise.all([...Array.from({ length: size }, write), read()]);
}
await read();
process.stdout.write(JSON.stringify({ acknowledged, refusals: [...refusals], reads }));
await store.close();
