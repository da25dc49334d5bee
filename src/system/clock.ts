import { randomBytes } from 'node:crypto';
import type { Random } from '../auth/ports.ts';

export { systemClock } from '../guard/ambient.ts';

/** The operating system's cryptographically strong randomness. */
export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
};
