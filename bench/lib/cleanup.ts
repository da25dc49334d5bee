/** Ends child processes and removes temporary folders when this process exits. */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const tasks = new Set<() => void>();
const folders = new Set<string>();

/** Runs `task` when this process exits. @returns a function that cancels this */
export function atExit(task: () => unknown): () => void {
  const entry = () => {
    task();
  };
  tasks.add(entry);
  return () => tasks.delete(entry);
}

/** Makes Ctrl+C and errors clean up too. */
export function installCleanup(): void {
  process.once('exit', () => {
    for (const task of tasks) task();
    // Last and with retries: a child that is being killed may still write.
    for (const folder of folders) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    }
  });
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}

const TMPFS = 0x01021994;

/** Creates a folder on a real disk, removed at exit. On a file system in memory, an fsync costs nothing. */
export function createDiskFolder(): string {
  const results = join(import.meta.dirname, '../results');
  const inMemory = statfsSync(tmpdir()).type === TMPFS;
  if (inMemory) mkdirSync(results, { recursive: true });
  const folder = mkdtempSync(join(inMemory ? results : tmpdir(), 'latchkey-bench-'));
  folders.add(folder);
  return folder;
}
