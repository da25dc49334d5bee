import { unref } from '../../kernel/system-clock.ts';

/** What the feed waits with. Nothing it starts may keep the process alive. */
export interface FeedTimers {
  /** @returns cancels it */
  start(ms: number, task: () => void): () => void;
}

/** Barks when nothing has come for as long as was expected. */
export class Watchdog {
  readonly #timers: FeedTimers;
  readonly #bark: () => void;
  #cancel: (() => void) | undefined;

  constructor(timers: FeedTimers, bark: () => void) {
    this.#timers = timers;
    this.#bark = bark;
  }

  expect(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#timers.start(ms, this.#bark);
  }

  stop(): void {
    this.#cancel?.();
  }
}

/** The timers of the runtime. */
export const systemTimers: FeedTimers = {
  start(ms, task) {
    const timer = setTimeout(task, ms);
    // What protects a process must not keep it alive.
    unref(timer);
    return () => clearTimeout(timer);
  },
};
