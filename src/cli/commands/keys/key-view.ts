import type { KeyWithStatus } from '../../../auth/administration/keys.ts';
import type { StoredKey } from '../../../auth/keys/stored-key.ts';
import { toShortTime } from '../../shell/terminal/printable.ts';

export function toKeyRow({ key, status }: KeyWithStatus): string[] {
  const until = key.revokedAt ?? key.retiredAt;
  return [
    key.kid,
    key.algorithm,
    status,
    toShortTime(key.activeAt),
    until === null ? '' : toShortTime(until),
  ];
}

/** Names the key in a sentence. */
export function describeKey({ kid, algorithm }: StoredKey): string {
  return `Key ${kid} (${algorithm})`;
}
