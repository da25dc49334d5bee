import type { Notice } from '../../auth/notice.ts';
import type { Store } from '../../auth/ports/store.ts';
import { settlesWithin } from '../../kernel/settles-within.ts';
import { type Migration, madeEmpty } from '../migrate.ts';
import type { OpenedStore } from '../opened-store.ts';
import type { Opening } from '../opening.ts';
import { createSingleStatements, createVerbs } from '../queries/index.ts';
import { isPlainId, rotationOfMany } from '../queries/sessions/rotation-batch.ts';
import { type StatementSql, USE_TRANSACTION } from '../queries/single-statement.ts';
import { createVerbCalls, isReadingVerb, type VerbArgs, type VerbName } from '../queries/verb.ts';
import type { Step, Steps } from '../sql/steps.ts';
import { withPlace } from './connection/connection-failures.ts';
import {
  type PostgresLocation,
  type PostgresStoreOptions,
  readLocation,
} from './connection/location.ts';
import { createPostgresSql } from './dialect.ts';
import { PostgresExecutor } from './executor.ts';
import { InFlightCalls } from './in-flight-calls.ts';
import { Listener } from './listener.ts';
import { lockCall } from './locks.ts';
import { RotationBatcher } from './rotation-batcher.ts';

/** Rare verbs on what all share: their order is that of the calls, and one connection is enough. */
const inTurn: ReadonlySet<VerbName> = new Set([
  'setMax',
  'compareAndSet',
  'changeKeys',
  'purgeExpired',
]);
/** One statement in the common text too; the reading verbs are so all. */
const single: ReadonlySet<VerbName> = new Set(['recordEvent']);

/**
 * Opens the store on a PostgreSQL database and brings its schema up to date; of many nodes that start at
 * once, one does. A resolved verb is committed, and as durable as the server's settings make it.
 *
 * While the database is away, verbs fail with {@link StoreUnavailable}, at once where it refuses and
 * after the options' timeouts where it is silent. When it is back, they work again.
 *
 * Behind a pooler that gives out connections by the transaction, the pooler must know prepared
 * statements, and `subscribe` hears nothing.
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
  const calls = new InFlightCalls();
  const listeners = new Set<Listener>();
  const close = async () => {
    const ended = Promise.all([calls.close(), ...[...listeners].map((it) => it.close())]);
    if (!(await settlesWithin(location.closeTimeout, ended))) executor.abort();
    await ended;
    await executor.close();
  };
  let closing: Promise<void> | undefined;
  return {
    notices,
    ...createCalls(sql, executor, calls, location),
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
  const text = `${made.text} There is a Latchkey database in the schema ${others.join(', ')} too, which comes later in search_path.`;
  return [{ level: 'warning', text }];
}

function createCalls(
  sql: StatementSql,
  executor: PostgresExecutor,
  calls: InFlightCalls,
  location: PostgresLocation,
): Pick<Store, VerbName> {
  const each = createVerbCalls(createRuns(sql, executor));
  const runs = { ...each, rotateSession: gatherRotations(sql, executor, each, location) };
  return createVerbCalls(<K extends VerbName>(name: K) => {
    const run = runs[name] as (args: VerbArgs<K>) => Promise<unknown>;
    const call = inTurn.has(name)
      ? (args: VerbArgs<K>) => calls.runInTurn(() => run(args))
      : (args: VerbArgs<K>) => calls.run(() => run(args));
    // The verb of this name made the answer.
    return call as Store[K];
  });
}

function createRuns(
  sql: StatementSql,
  executor: PostgresExecutor,
): <K extends VerbName>(name: K) => Store[K] {
  const verbs = createVerbs(sql);
  const shortcuts = createSingleStatements(sql);
  return <K extends VerbName>(name: K) => {
    const isSingle = single.has(name) || isReadingVerb(name);
    const shortcut = shortcuts[name] as ((args: VerbArgs<K>) => Steps<unknown>) | undefined;
    const long = verbs[name] as (args: VerbArgs<K>) => Steps<unknown>;
    const run = async (args: VerbArgs<K>) => {
      if (shortcut !== undefined) {
        const answer = await executor.runEach(() => shortcut(args));
        if (answer !== USE_TRANSACTION) return answer;
      }
      return isSingle ? executor.runEach(() => long(args)) : executor.runTogether(() => long(args));
    };
    return run as Store[K];
  };
}

function gatherRotations(
  sql: StatementSql,
  executor: PostgresExecutor,
  { rotateSession: alone }: Pick<Store, 'rotateSession'>,
  { connectTimeout, maxWaiting }: PostgresLocation,
): Store['rotateSession'] {
  const rotateMany = rotationOfMany(sql);
  const rotations = new RotationBatcher({
    keyOf: ({ sessionId }: VerbArgs<'rotateSession'>) => sessionId,
    together: (orders) => executor.runEach(() => rotateMany(orders)),
    alone,
    patience: connectTimeout,
    maxWaiting,
  });
  return (order) => (isPlainId(order) ? rotations.run(order) : alone(order));
}

function lockStep(name: Parameters<typeof lockCall>[0]): Step {
  return { text: `select ${lockCall(name)}`, values: [] };
}
