import type { Auth } from '../auth/auth.ts';
import type { Store } from '../auth/ports.ts';

const MAINTENANCE_INTERVAL = 60_000;

export interface Upkeep {
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/**
 * Keeps a node up to date: reads what other processes revoked, as soon as the database tells of it where
 * it can and at every interval in any case, and once a minute removes what has expired. A database that
 * does not answer is asked again the next time; what this node knows stays in force.
 * @param pollInterval ms
 */
export async function startUpkeep(auth: Auth, store: Store, pollInterval: number): Promise<Upkeep> {
  const poll = repeat(() => auth.revocations.catchUp(), pollInterval);
  const maintenance = repeat(() => auth.maintain(), MAINTENANCE_INTERVAL);
  const unsubscribe = await store.subscribe?.(poll.now);
  return {
    async stop() {
      await unsubscribe?.();
      await Promise.all([poll.stop(), maintenance.stop()]);
    },
  };
}

interface Repeated {
  /** Runs the task soon: at once, or after a run under way, which may have begun too early. */
  now(): void;
  stop(): Promise<void>;
}

/** Runs a task again and again, never two at a time. Keeps no process alive. */
function repeat(task: () => Promise<void>, interval: number): Repeated {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  const run = () => {
    running ??= task()
      .catch(() => {})
      .finally(() => {
        running = undefined;
        if (again) now();
      });
  };
  const now = () => {
    again = running !== undefined && !stopped;
    run();
  };
  const timer = setInterval(run, interval);
  timer.unref();
  return {
    now,
    async stop() {
      stopped = true;
      again = false;
      clearInterval(timer);
      await running;
    },
  };
}
