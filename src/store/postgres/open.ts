import type { Notice } from '../../auth/notice.ts';
import { settlesWithin } from '../../kernel/timing/settles-within.ts';
import { type Migration, madeEmpty } from '../migrate.ts';
import type { OpenedStore } from '../opened-store.ts';
import type { Opening } from '../opening.ts';
import type { Step } from '../sql/steps.ts';
import { createCalls } from './calls.ts';
import { withPlace } from './connection/connection-failures.ts';
import { type PostgresStoreOptions, readLocation } from './connection/location.ts';
import { createPostgresSql } from './dialect.ts';
import { PostgresExecutor } from './executor.ts';
import { InFlightCalls } from './in-flight-calls.ts';
import { Listener } from './listener.ts';
import { lockCall } from './locks.ts';

/**
 * Opens the store on a PostgreSQL database and brings its schema up to date. If many nodes start at the same time,
 * one of them does that. When the promise of a verb resolves, its transaction is committed, and as durable as the
 * settings of the server make it.
 *
 * While the database is away, verbs fail with {@link StoreUnavailable}: immediately if it refuses connections, and
 * after the timeouts of the options if it does not answer. When it is back, they work again.
 *
 * A pooler that assigns connections per transaction must support prepared statements. Through such a pooler
 * `subscribe` hears nothing.
 *
 * @throws {StoreUnavailable} when the database does not answer, refuses the connection, or was made by a
 *   newer version of Latchkey
 * @throws {InvalidSetting} when a parameter of the URL cannot be used
 */
export async function openPostgresStore({
  enter = () => {},
  signal,
  ...options
}: PostgresStoreOptions & Opening): Promise<OpenedStore> {
  enter({ doing: 'connecting to the database' });
  const location = await readLocation(options);
  const executor = new PostgresExecutor(location);
  const sql = createPostgresSql();
  let notices: readonly Notice[];
  const giveUp = () => executor.abort();
  signal?.addEventListener('abort', giveUp);
  try {
    notices = describe(await executor.migrate(sql, lockStep('migration'), enter));
  } catch (error) {
    await executor.close().catch(() => {});
    throw withPlace(error, location);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
  const inFlight = new InFlightCalls();
  const listeners = new Set<Listener>();
  const close = async () => {
    const ended = Promise.all([inFlight.close(), ...[...listeners].map((it) => it.close())]);
    if (!(await settlesWithin(location.closeTimeoutMs, ended))) executor.abort();
    await ended;
    await executor.close();
  };
  let closing: Promise<void> | undefined;
  return {
    notices,
    ...createCalls(sql, executor, inFlight, location),
    async subscribe(onChange, onAttempt) {
      const listener = new Listener(location, onChange, onAttempt);
      listeners.add(listener);
      await listener.open();
      return async () => {
        listeners.delete(listener);
        await listener.close();
      };
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function describe({ isNew, schemas }: Migration): Notice[] {
  if (!isNew) return [];
  const [schema, ...others] = schemas;
  const made = madeEmpty(`the schema ${schema} of PostgreSQL`);
  if (others.length === 0) return [made];
  const text = `${made.text} There is also a Latchkey database in the schema ${others.join(', ')}, which comes later in search_path.`;
  return [{ level: 'warning', text }];
}

function lockStep(name: Parameters<typeof lockCall>[0]): Step {
  return { text: `select ${lockCall(name)}`, values: [] };
}
