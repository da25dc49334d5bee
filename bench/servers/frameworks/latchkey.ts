import { createGuard, type Guard } from 'latchkey/guard';
import type { Keys } from '../../lib/data/keys.ts';

/** As an API makes it that is given a key: it also holds tokens to their issuer and audience. */
export function createLocalGuard(keys: Keys, issuer: string): Guard {
  return createGuard({ keys: keys.public, algorithm: keys.algorithm, issuer, audience: issuer });
}
