import { resolve } from 'node:path';
import type { Notice, Store } from '../../auth/ports/store.ts';
import type { OpenedStore } from '../opened-store.ts';
import type { Opening } from '../opening.ts';
import { createVerbCalls, type VerbArgs, type VerbName } from '../queries/verb.ts';
import type { ChangeListener } from './change-watch.ts';
import type { SqliteLocation } from './connection.ts';
import type { Engine } from './engine.ts';
import { BatchQueue } from './queue.ts';

export interface SqliteStoreOptions extends Opening {
  /** The database's file, or `:memory:`. The file and its folder are created if they are not there. */
  readonly path: string;
  /**
   * `worker` (default): the database has a thread of its own and the caller's never waits for the
   * disk. `inline`: it runs on the caller's thread, which suits tests and short commands.
   */
  readonly thread?: 'worker' | 'inline';
  /** How long to wait for another process that writes to the file, in ms. Default: 5000. */
  readonly busyTimeout?: number;
  /**
   * How long opening waits for another process that has the file locked, in ms: it may be bringing the schema up
   * to date. Default: 10 minutes.
   */
  readonly openTimeout?: number;
  /** How long calls under way may take once the store is to be closed, in ms. Default: 5000. */
  readonly closeTimeout?: number;
  /** How many calls may wait before further ones are refused. Default: 10000. */
  readonly maxWaiting?: number;
}

/**
 * Opens the store on an SQLite file and brings its schema up to date. A resolved verb is on disk:
 * calls that come together are committed together, with one wait for the disk. Several processes may
 * have the file open, on one machine and a local file system.
 *
 * A thread that dies fails the calls it had with {@link StoreUnavailable}, and the next call starts
 * another one. After `close` every verb fails with {@link StoreUnavailable}.
 *
 * @throws {StoreUnavailable} when the file cannot be opened, is not a database, or was made by a newer
 *   version of Latchkey
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<OpenedStore> {
  const { path, thread = 'worker', busyTimeout = 5_000, maxWaiting = 10_000 } = options;
  const { openTimeout = 600_000, closeTimeout = 5_000 } = options;
  // Absolute, because a thread that is started later must find the same file.
  const absolute = path === ':memory:' ? path : resolve(path);
  const location = { path: absolute, busyTimeout, openTimeout };
  const engine = await openEngine(thread, location, options);
  // A worker's batch takes in all requests of this turn of the event loop.
  const soon = thread === 'worker' ? setImmediate : queueMicrotask;
  const queue = new BatchQueue(engine, soon, { maxWaiting, closeTimeout });
  return {
    ...createStore(queue, engine.notices),
    // Nobody else can change a database in memory.
    ...(path === ':memory:' ? {} : { subscribe: createSubscribe(engine) }),
  };
}

/** Loads only what the choice needs: the caller of a worker never loads the query builder. */
async function openEngine(
  thread: 'worker' | 'inline',
  location: SqliteLocation,
  opening: Opening,
): Promise<Engine> {
  opening.enter?.({ doing: 'opening the database file' });
  if (thread === 'inline') {
    const { openInlineEngine } = await import('./inline-engine.ts');
    return openInlineEngine(location, opening);
  }
  const { WorkerEngine } = await import('./worker-engine.ts');
  return WorkerEngine.open(location, opening);
}

function createStore(queue: BatchQueue, notices: readonly Notice[]): OpenedStore {
  // The verb of this name made the answer; JSON forgot its type.
  const verb = <K extends VerbName>(name: K) =>
    ((args: VerbArgs<K>) => queue.call(name, args)) as Store[K];
  return {
    notices,
    ...createVerbCalls(verb),
    close: () => queue.close(),
  };
}

function createSubscribe(engine: Engine): NonNullable<Store['subscribe']> {
  const listeners = new Set<ChangeListener>();
  const all: ChangeListener = {
    onChange() {
      for (const it of listeners) it.onChange();
    },
    onAttempt(error) {
      for (const it of listeners) it.onAttempt(error);
    },
  };
  return async (onChange, onAttempt = () => {}) => {
    const listener = { onChange, onAttempt };
    listeners.add(listener);
    engine.listen(all);
    return async () => {
      listeners.delete(listener);
      if (listeners.size === 0) engine.listen(undefined);
    };
  };
}
