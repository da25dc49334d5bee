/** Starts timers. Tests have their own. */
export interface Timers {
  /**
   * Calls `task` once, after `ms` milliseconds.
   * @returns a function that cancels the timer
   */
  start(ms: number, task: () => void): () => void;
}

/** The timers of the runtime. None of them keeps the process alive. */
export const systemTimers: Timers = {
  start(ms, task) {
    const timer: Partial<NodeJS.Timeout> & ReturnType<typeof setTimeout> = setTimeout(task, ms);
    // Deno and Bun have `unref` as Node.js has. Elsewhere a timer is a number, which has none.
    timer.unref?.();
    return () => clearTimeout(timer);
  },
};
