import type { StoredKey } from './stored-key.ts';

/**
 * - `next`: published, and will sign;
 * - `signing`: signs access tokens;
 * - `retiring`: signs no longer; its tokens are accepted until the last one has expired;
 * - `retired`, `revoked`: none of its tokens is accepted.
 */
export type KeyStatus = 'next' | 'signing' | 'retiring' | 'retired' | 'revoked';

/** Whether tokens of the key are accepted. @param now ms since the epoch */
export function isAccepted({ revokedAt, retiredAt }: StoredKey, now: number): boolean {
  return revokedAt === null && (retiredAt === null || retiredAt > now);
}

/**
 * Finds the key that signs: the latest to become active whose tokens will be accepted until they expire.
 * @param now ms since the epoch
 * @param tokenLifetimeMs of an access token
 */
export function findSigner(
  keys: readonly StoredKey[],
  now: number,
  tokenLifetimeMs = 0,
): StoredKey | undefined {
  return findLatest(
    keys.filter((key) => key.activeAt <= now && isAccepted(key, now + tokenLifetimeMs)),
  );
}

/** Finds the first of the keys that will become active after `now`. */
export function findNext(keys: readonly StoredKey[], now: number): StoredKey | undefined {
  return keys
    .filter((key) => key.activeAt > now && isAccepted(key, now))
    .reduce<StoredKey | undefined>(
      (first, key) => (first === undefined || key.activeAt < first.activeAt ? key : first),
      undefined,
    );
}

/** Finds the key that becomes active last. */
export function findLatest(keys: readonly StoredKey[]): StoredKey | undefined {
  return keys.reduce<StoredKey | undefined>(
    (latest, key) => (latest === undefined || key.activeAt >= latest.activeAt ? key : latest),
    undefined,
  );
}

export function ofAlgorithm(keys: readonly StoredKey[], algorithm: string): StoredKey[] {
  return keys.filter((key) => key.algorithm === algorithm);
}

/** Finds the status of a key among all stored keys. One key of each algorithm can be signing. */
export function findKeyStatus(key: StoredKey, keys: readonly StoredKey[], now: number): KeyStatus {
  if (key.revokedAt !== null) return 'revoked';
  if (!isAccepted(key, now)) return 'retired';
  if (key.activeAt > now) return 'next';
  const same = ofAlgorithm(keys, key.algorithm);
  const isReplaced = key.retiredAt !== null && findNext(same, now) === undefined;
  return findSigner(same, now)?.kid === key.kid && !isReplaced ? 'signing' : 'retiring';
}
