import { randomFillSync } from 'node:crypto';
import type { Random } from './random.ts';

export { systemClock } from './system-clock.ts';

/** Asking for a few bytes costs as much as asking for thousands: 1.8 µs, and each refresh asks twice. */
const pool = Buffer.alloc(4096);
let used = pool.length;

/** The operating system's cryptographically strong randomness. No byte is given out twice. */
export const systemRandom: Random = {
  bytes(length) {
    if (length > pool.length) return randomFillSync(Buffer.alloc(length));
    if (used + length > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = Buffer.from(pool.subarray(used, used + length));
    // What was given out is not kept: it may become part of a secret.
    pool.fill(0, used, used + length);
    used += length;
    return bytes;
  },
};
