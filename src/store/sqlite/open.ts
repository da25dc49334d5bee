import { resolve } from 'node:path';
import type { Notice } from '../../auth/notice.ts';
import type { Store } from '../../auth/ports/store.ts';
import type { OpenedStore } from '../opened-store.ts';
import type { Opening } from '../opening.ts';
import { createVerbCalls, type VerbArgs, type VerbName } from '../queries/verb.ts';
import { CallBatcher } from './call-batcher.ts';
import type { ChangeListener } from './change-watch.ts';
import type { SqliteLocation } from './connection.ts';
import type { Engine } from './engine.ts';

export interface SqliteStoreOptions extends Opening {
  /** The file of the database, or `:memory:`. The file and its folder are created if they do not exist. */
  readonly path: string;
  /**
   * `worker`: the database has a thread of its own, so the caller's thread never waits for the disk. `inline`: it runs
   * on the caller's thread, which suits tests and short commands. Default: `worker` for a file. A database in memory
   * waits for no disk, and its default is `inline`: opening it takes 5 ms of a core instead of 150.
   */
  readonly thread?: 'worker' | 'inline';
  /** How long to wait for another process that writes to the file, in ms. Default: 5000. */
  readonly busyTimeoutMs?: number;
  /**
   * How long opening waits for another process that has the file locked, in ms. That process may be bringing the schema
   * up to date. Default: 600000 (10 minutes).
   */
  readonly openTimeoutMs?: number;
  /** How long calls in flight may still take when the store is closed, in ms. Default: 5000. */
  readonly closeTimeoutMs?: number;
  /** How many calls may wait before further calls are refused. Default: 10000. */
  readonly maxWaiting?: number;
}

/**
 * Opens the store on an SQLite file and brings its schema up to date. When the promise of a verb resolves, its changes
 * are on the disk. Calls that come together are committed together, with one wait for the disk. Several processes may
 * have the file open, on one machine and a local file system.
 *
 * If the thread dies, its calls fail with {@link StoreUnavailable}, and the next call starts another thread. After
 * `close` every verb fails with {@link StoreUnavailable}.
 *
 * @throws {StoreUnavailable} when the file cannot be opened, is not a database, or was made by a newer
 *   version of Latchkey
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<OpenedStore> {
  const { path, busyTimeoutMs = 5_000, maxWaiting = 10_000 } = options;
  const { thread = path === ':memory:' ? 'inline' : 'worker' } = options;
  const { openTimeoutMs = 600_000, closeTimeoutMs = 5_000 } = options;
  // Absolute, so that a thread that is started later finds the same file.
  const absolute = path === ':memory:' ? path : resolve(path);
  const location = { path: absolute, busyTimeoutMs, openTimeoutMs };
  const engine = await openEngine(thread, location, options);
  // A worker's batch takes in all calls of this turn of the event loop.
  const afterTurn = thread === 'worker' ? setImmediate : queueMicrotask;
  const batcher = new CallBatcher(engine, { afterTurn, maxWaiting, closeTimeoutMs });
  return {
    ...createStore(batcher, engine.notices),
    // No other process can change a database in memory.
    ...(path === ':memory:' ? {} : { subscribe: createSubscribe(engine) }),
  };
}

/** Loads only the modules that the choice needs: with a worker, this thread never loads the query builder. */
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

function createStore(batcher: CallBatcher, notices: readonly Notice[]): OpenedStore {
  // The verb of this name made the answer, and JSON lost its type.
  const verb = <K extends VerbName>(name: K) =>
    ((args: VerbArgs<K>) => batcher.run(name, args)) as Store[K];
  return {
    notices,
    ...createVerbCalls(verb),
    close: () => batcher.close(),
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
