/** What must not outlive this process: children and temporary folders. */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const tasks = new Set<() => void>();

/** Runs `task` when this process exits, unless it is forgotten before. */
export function atExit(task: () => unknown): () => void {
  const entry = () => {
    task();
  };
  tasks.add(entry);
  return () => tasks.delete(entry);
}

/** Makes Ctrl+C and errors end everything that was begun. */
export function installCleanup(): void {
  process.once('exit', () => {
    for (const task of tasks) task();
  });
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}

const TMPFS = 0x01021994;

/** A new folder on a real disk, removed at exit. In memory an fsync costs nothing, and shows nothing. */
export function createDiskFolder(): string {
  const results = join(import.meta.dirname, '../results');
  const inMemory = statfsSync(tmpdir()).type === TMPFS;
  if (inMemory) mkdirSync(results, { recursive: true });
  const folder = mkdtempSync(join(inMemory ? results : tmpdir(), 'latchkey-bench-'));
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
