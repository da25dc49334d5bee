import type { KeyStatus } from '../../../auth/keys/key-status.ts';
import type { StoredKey } from '../../../auth/keys/stored-key.ts';
import { toShortTime } from '../../shell/terminal/printable.ts';

/** A key and where it is in its life. */
export interface KeyTexts {
  readonly key: StoredKey;
  readonly life: KeyStatus;
}

export function toKeyRow({ key, life }: KeyTexts): string[] {
  const until = key.revokedAt ?? key.retiredAt;
  return [
    key.kid,
    key.algorithm,
    life,
    toShortTime(key.activeAt),
    until === null ? '' : toShortTime(until),
  ];
}

export function toKeyView({ key, life }: KeyTexts): Record<string, unknown> {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    kid: key.kid,
    algorithm: key.algorithm,
    state: life,
    created_at: time(key.createdAt),
    active_at: time(key.activeAt),
    retired_at: time(key.retiredAt),
    revoked_at: time(key.revokedAt),
  };
}

/** What to call the key in a sentence. */
export function describeKey({ kid, algorithm }: StoredKey): string {
  return `Key ${kid} (${algorithm})`;
}
