import type { Clock } from '../kernel/clock.ts';

/** A clock that stands still until it is told to move. */
export class TestClock implements Clock {
  #ms: number;

  /** @param ms since the epoch */
  constructor(ms: number) {
    if (!Number.isFinite(ms)) throw new RangeError('The time is a number of ms since the epoch.');
    this.#ms = ms;
  }

  now(): number {
    return this.#ms;
  }

  /** @param seconds back where negative */
  move(seconds: number): void {
    if (!Number.isFinite(seconds)) throw new RangeError('Move by a number of seconds.');
    this.#ms += seconds * 1000;
  }
}
