import type { KeyStatus } from '../../../auth/keys/key-status.ts';
import type { StoredKey } from '../../../auth/keys/stored-key.ts';
import { toShortTime } from '../../shell/terminal/printable.ts';

/** A key with its status. */
export interface KeyWithStatus {
  readonly key: StoredKey;
  readonly status: KeyStatus;
}

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

export function toKeyView({ key, status }: KeyWithStatus): Record<string, unknown> {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    kid: key.kid,
    algorithm: key.algorithm,
    state: status,
    created_at: time(key.createdAt),
    active_at: time(key.activeAt),
    retired_at: time(key.retiredAt),
    revoked_at: time(key.revokedAt),
  };
}

/** Names the key in a sentence. */
export function describeKey({ kid, algorithm }: StoredKey): string {
  return `Key ${kid} (${algorithm})`;
}
