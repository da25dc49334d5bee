import type { Clock } from '../kernel/clock.ts';

/** A clock that stands still until you move it. */
export class TestClock implements Clock {
  #ms: number;

  /**
   * @param ms the time at first, in ms since the epoch
   * @throws {RangeError} if it is not a finite number
   */
  constructor(ms: number) {
    if (!Number.isFinite(ms))
      throw new RangeError('The time must be a number of ms since the epoch.');
    this.#ms = ms;
  }

  /** The time, in ms since the epoch. */
  now(): number {
    return this.#ms;
  }

  /**
   * Moves the clock.
   * @param seconds how far forward, or back if negative
   * @throws {RangeError} if it is not a finite number
   */
  move(seconds: number): void {
    if (!Number.isFinite(seconds)) throw new RangeError('Move by a number of seconds.');
    this.#ms += seconds * 1000;
  }
}
