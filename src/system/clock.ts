import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../auth/ports.ts';

/** The operating system's time. Everything that needs to know it is handed this, or a test's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
};

/** The operating system's cryptographically strong randomness. */
export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
};
