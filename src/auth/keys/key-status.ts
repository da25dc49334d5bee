import type { StoredKey } from './stored-key.ts';

/**
 * - `next`: published, and will sign;
 * - `signing`;
 * - `retiring`: its tokens are accepted until the last one has expired;
 * - `retired`, `revoked`: nothing of it is accepted any more.
 */
export type KeyStatus = 'next' | 'signing' | 'retiring' | 'retired' | 'revoked';

/** Whether tokens of the key are accepted. */
export function isAccepted({ revokedAt, retiredAt }: StoredKey, now: number): boolean {
  return revokedAt === null && (retiredAt === null || retiredAt > now);
}

/**
 * The key that signs: the latest to become active whose tokens will live to their end.
 * @param lifetime of an access token, in ms
 */
export function findSigner(
  keys: readonly StoredKey[],
  now: number,
  lifetime = 0,
): StoredKey | undefined {
  return findLatest(keys.filter((key) => key.activeAt <= now && isAccepted(key, now + lifetime)));
}

/** The first of those still to become active. */
export function findNext(keys: readonly StoredKey[], now: number): StoredKey | undefined {
  return keys
    .filter((key) => key.activeAt > now && isAccepted(key, now))
    .reduce<StoredKey | undefined>(
      (first, key) => (first === undefined || key.activeAt < first.activeAt ? key : first),
      undefined,
    );
}

/** The last to become active. */
export function findLatest(keys: readonly StoredKey[]): StoredKey | undefined {
  return keys.reduce<StoredKey | undefined>(
    (latest, key) => (latest === undefined || key.activeAt >= latest.activeAt ? key : latest),
    undefined,
  );
}

export function ofAlgorithm(keys: readonly StoredKey[], algorithm: string): StoredKey[] {
  return keys.filter((key) => key.algorithm === algorithm);
}

/** Where the key is in its life, among all keys. Keys of several algorithms may be signing at once. */
export function tellLife(key: StoredKey, keys: readonly StoredKey[], now: number): KeyStatus {
  if (key.revokedAt !== null) return 'revoked';
  if (!isAccepted(key, now)) return 'retired';
  if (key.activeAt > now) return 'next';
  const same = ofAlgorithm(keys, key.algorithm);
  const isReplaced = key.retiredAt !== null && findNext(same, now) === undefined;
  return findSigner(same, now)?.kid === key.kid && !isReplaced ? 'signing' : 'retiring';
}
