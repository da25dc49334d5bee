import { type FSWatcher, realpathSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { StoreUnavailable } from '../../kernel/errors.ts';

/** Between two reports of a change. Looks for one are no further apart. */
const INTERVAL_MS = 10;
/** The first look after a write to the file comes this soon. The pause doubles from there. */
const FIRST_PAUSE_MS = 1;
/**
 * Looks after the last write, which take 100 ms together. The write comes before the commit: SQLite appends to the
 * write-ahead log, waits for the disk, and only then lets other connections see the transaction.
 */
const LOOKS = 13;

/** Hears of what other processes do to the database. */
export interface ChangeListener {
  /** Another process may have committed. */
  onChange(): void;
  /** Whether that can be told from now on: `undefined`, or why not. */
  onAttempt(error?: unknown): void;
}

export interface ChangeWatchOptions {
  /** The database's file. */
  readonly path: string;
  /** A number that changes when another connection commits, and at no other time. */
  readonly readVersion: () => number;
  /** Called when another connection may have committed: once at the start, then at most every 10 ms. */
  readonly onChange: () => void;
  /** Called if the folder can no longer be watched. Nothing is reported after that. */
  readonly onFailure: (error: StoreUnavailable) => void;
}

/**
 * Reports that another connection to the database has committed. Writes to the write-ahead log wake it, its own
 * process's included; which of the two it was, SQLite says. Other files in the folder are ignored.
 *
 * It is a help and not a guarantee: some network file systems and containers report no writes. Keeps no process alive.
 */
export class ChangeWatch {
  readonly #options: ChangeWatchOptions;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #version: number | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #looksLeft = 0;

  constructor(options: ChangeWatchOptions) {
    this.#options = options;
  }

  /** @throws {StoreUnavailable} if the folder cannot be watched */
  open(): void {
    const { path, onFailure } = this.#options;
    try {
      // Where the path is a link, the log is beside the file it leads to.
      const file = realpathSync(path);
      const logName = `${basename(file)}-wal`;
      // The folder, because the log is removed and made again.
      this.#watcher = watch(dirname(file), { persistent: false }, (_, name) => {
        if (name === logName || name === null) this.#wake();
      });
    } catch (error) {
      throw describe(path, error);
    }
    this.#watcher.on('error', (error) => {
      if (this.#watcher === undefined) return;
      this.close();
      onFailure(describe(path, error));
    });
    // Reports a change, because what happened before is unknown.
    this.#wake();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wake(): void {
    this.#looksLeft = LOOKS;
    if (this.#timer !== undefined) return;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#look();
  }

  #look(): void {
    const isChanged = this.#findChange();
    this.#looksLeft -= 1;
    // After a change there is another look in any case: until then the timer keeps later writes from being reported.
    if (isChanged || this.#looksLeft > 0) {
      this.#pauseMs = isChanged ? INTERVAL_MS : Math.min(2 * this.#pauseMs, INTERVAL_MS);
      this.#timer = setTimeout(() => this.#look(), this.#pauseMs).unref();
    } else {
      this.#timer = undefined;
    }
    if (isChanged) this.#options.onChange();
  }

  #findChange(): boolean {
    const before = this.#version;
    try {
      this.#version = this.#options.readVersion();
    } catch {
      // A database in trouble is reported by those who read or write it.
      return false;
    }
    return this.#version !== before;
  }
}

function describe(path: string, cause: unknown): StoreUnavailable {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const advice =
    code === 'ENOSPC' || code === 'EMFILE'
      ? ' The system is at its limit of watches: raise fs.inotify.max_user_watches and fs.inotify.max_user_instances.'
      : '';
  return new StoreUnavailable(
    `The folder of the database ${path} cannot be watched (${code}), so revocations by other processes are noticed by polling only.${advice}`,
    { cause },
  );
}
