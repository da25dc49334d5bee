import { closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { protectFile } from '../../config/private-files.ts';
import type { Refuse } from '../../config/setting-error.ts';
import { StoreUnavailable } from '../../kernel/errors.ts';
import type { Rows, Step } from '../sql/steps.ts';

/** Where the database is, and how long to wait for other processes that write to it. */
export interface SqliteLocation {
  /** A file, or `:memory:`. */
  readonly path: string;
  /** How long a statement waits for other processes. */
  readonly busyTimeoutMs: number;
  /** How long opening waits for other processes. */
  readonly openTimeoutMs: number;
}

/**
 * How long SQLite itself waits while the file is being opened. A wait of SQLite cannot be interrupted, and a process
 * that is told to end must not go on for longer than this.
 */
const OPENING_BUSY_TIMEOUT_MS = 100;

/** The cache of pages. It fills as pages are read: with a million sessions, each refresh reads other pages. */
const CACHE_KIB = 32 * 1024;

/** An open database file, set up so that a commit is durable. It belongs to the thread that opened it. */
export class SqliteConnection {
  /** Permissions that were repaired to keep other users from the file. */
  readonly notices: readonly string[];
  readonly #location: SqliteLocation;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(location: SqliteLocation) {
    const { path, busyTimeoutMs } = location;
    this.#location = location;
    this.notices = path === ':memory:' ? [] : openPrivateFile(path);
    this.#db = new DatabaseSync(path, {
      enableForeignKeyConstraints: true,
      allowExtension: false,
    });
    try {
      // Overwrites what is deleted. Otherwise the name and address of a deleted user stay in free parts of the file.
      this.#db.exec('PRAGMA secure_delete = ON');
      this.#enterWal();
      this.#db.exec(`
        PRAGMA busy_timeout = ${Math.trunc(busyTimeoutMs)};
        PRAGMA synchronous = FULL;
        PRAGMA fullfsync = ON;
        PRAGMA checkpoint_fullfsync = ON;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -${CACHE_KIB};
        PRAGMA trusted_schema = OFF;
        PRAGMA journal_size_limit = 67108864;
      `);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Whether a transaction is open. Some errors make SQLite roll back on its own. */
  get isInTransaction(): boolean {
    return this.#db.isTransaction;
  }

  /** Changes when another connection commits, and at no other time. */
  get version(): number {
    const rows = this.execute({ text: 'PRAGMA data_version', values: [] });
    return (rows as [{ data_version: number }])[0].data_version;
  }

  /** Runs a statement and keeps it prepared, so there must be few different texts. */
  readonly execute = (step: Step): Rows => {
    return this.#prepare(step.text).all(...step.values);
  };

  /** Runs a statement without parameters or rows. */
  command(text: string): void {
    this.#prepare(text).run();
  }

  /**
   * Begins a writing transaction while the file is being opened. Another process may be bringing the schema up to
   * date, which takes longer than any other write.
   * @param onWait called once if the lock is not free
   */
  beginOpening(onWait: () => void): void {
    const { busyTimeoutMs, openTimeoutMs } = this.#location;
    const begin = () => this.#db.exec('BEGIN IMMEDIATE');
    const piece = Math.min(OPENING_BUSY_TIMEOUT_MS, busyTimeoutMs);
    this.#db.exec(`PRAGMA busy_timeout = ${Math.trunc(piece)}`);
    try {
      retryWhileBusy(begin, openTimeoutMs, piece, onWait);
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${Math.trunc(busyTimeoutMs)}`);
    }
  }

  /** The last connection to close moves the write-ahead log into the file. */
  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /**
   * When several processes open a new file at the same time, SQLite sometimes refuses this step immediately, whatever
   * its own time limit. So the waiting is done here.
   */
  #enterWal(): void {
    retryWhileBusy(
      () => this.#db.exec('PRAGMA journal_mode = WAL'),
      this.#location.openTimeoutMs,
      0,
    );
  }
}

/** Between two attempts. */
const RETRY_PAUSE_MS = 20;

/** @param attemptMs how long an attempt waits by itself */
function retryWhileBusy(
  attempt: () => void,
  limitMs: number,
  attemptMs: number,
  onWait: () => void = () => {},
): void {
  for (let waitedMs = 0; ; waitedMs += attemptMs + RETRY_PAUSE_MS) {
    try {
      attempt();
      return;
    } catch (error) {
      if (waitedMs >= limitMs || !isBusy(error)) throw error;
      if (waitedMs === 0) onWait();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_PAUSE_MS);
    }
  }
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === 5
  );
}

/**
 * SQLite gives its `-wal` and `-shm` files the mode of the database file. Creating the database file here keeps other
 * users of the machine from all three, whatever the umask. Existing files are protected.
 * @returns what was repaired
 */
function openPrivateFile(path: string): string[] {
  createPrivateFile(path);
  const refuse: Refuse = (problem, fix) => {
    throw new StoreUnavailable(`The database cannot be used: ${problem} ${fix}`);
  };
  if (!statSync(path).isFile()) {
    refuse(`${path} is not a file.`, 'Name a file, not a folder: sqlite:./data/latchkey.db');
  }
  const target = realpathSync(path);
  const companions = ['-wal', '-shm', '-journal'].map((end) => `${target}${end}`);
  const notices = [
    ...protectFile(path, refuse),
    ...companions.flatMap((it) => protectCompanion(it, refuse)),
  ];
  return [...new Set(notices)];
}

/** Another process on the same file may remove its companions at any moment. */
function protectCompanion(path: string, refuse: Refuse): string[] {
  try {
    return existsSync(path) ? protectFile(path, refuse) : [];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function createPrivateFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'wx', 0o600));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'EEXIST' && existsSync(path)) return;
    throw new StoreUnavailable(
      `The database file ${path} cannot be opened or created (${code}). ${adviceFor(code)}`,
      { cause },
    );
  }
}

function adviceFor(code: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'This user may not use its folder: run this as the user who owns it.';
    case 'EROFS':
      return 'Its file system is read-only: name another folder.';
    case 'ENOTDIR':
      return 'A part of its path is a file, not a folder: correct the path.';
    case 'ELOOP':
      return 'Its path leads through links that lead to each other: correct them.';
    case 'EEXIST':
      return 'It is a link to a file that does not exist: correct or remove the link.';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'The disk is full: free some space.';
    default:
      return 'Check that its folder can be created and written.';
  }
}
