import type { Timers } from '../../kernel/timing/timers.ts';

/** Calls back when nothing has come for longer than was expected. */
export class Watchdog {
  readonly #timers: Timers;
  readonly #onSilence: () => void;
  #cancel: (() => void) | undefined;

  constructor(timers: Timers, onSilence: () => void) {
    this.#timers = timers;
    this.#onSilence = onSilence;
  }

  /** Expects something within `ms` milliseconds from now, in place of what was expected before. */
  expect(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#timers.start(ms, this.#onSilence);
  }

  stop(): void {
    this.#cancel?.();
  }
}
