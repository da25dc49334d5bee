/**
 * Preloaded into every test file, which is a process of its own. It ends whatever the file started, even where an
 * assertion failed before the file's own clean-up: otherwise the file would hang until the limit for a test.
 */
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';

/** How long a file may take to exit once its last test and its clean-up are over. */
const exitLimitMs = Number(process.env['TEST_EXIT_LIMIT_MS'] ?? 15_000);

// The runner itself preloads this as well; only its children run tests.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  const { after } = await import('node:test');
  const running = new Set<ChildProcess>();
  subscribe('child_process', (message) => {
    const { process: child } = message as { process: ChildProcess };
    running.add(child);
    child.once('exit', () => running.delete(child));
  });
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL');
  });
  after(() => {
    // Unreferenced, so that it fires only in a process that something else keeps alive.
    setTimeout(() => {
      const kept = process.getActiveResourcesInfo().join(', ');
      console.error(
        `The tests of this file are over, and these resources keep its process alive: ${kept}. End what the tests start in an "after" hook.`,
      );
      process.exit(1);
    }, exitLimitMs).unref();
  });
}
