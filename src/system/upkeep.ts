import type { Auth } from '../auth/auth.ts';

const MAINTENANCE_INTERVAL = 60_000;

export interface Upkeep {
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/**
 * Keeps a node up to date: reads what other processes revoked, and once a minute removes what has
 * expired. A database that does not answer is asked again the next time; what this node knows stays in
 * force.
 * @param pollInterval ms
 */
export function startUpkeep(auth: Auth, pollInterval: number): Upkeep {
  const poll = repeat(() => auth.revocations.catchUp(), pollInterval);
  const maintenance = repeat(() => auth.maintain(), MAINTENANCE_INTERVAL);
  return {
    async stop() {
      await Promise.all([poll(), maintenance()]);
    },
  };
}

/** Runs a task again and again, never two at a time. Keeps no process alive. */
function repeat(task: () => Promise<void>, interval: number): () => Promise<void> {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= task()
      .catch(() => {})
      .finally(() => {
        running = undefined;
      });
  }, interval);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
