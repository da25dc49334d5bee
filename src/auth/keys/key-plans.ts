import { findLatest, findNext, findSigner, isAccepted, ofAlgorithm } from './key-status.ts';
import type { StoredKey } from './stored-key.ts';

/** How long a retired or revoked key is still listed; ms. */
const KEPT = 7 * 86_400_000;

/**
 * Adds a key, or moves one that was still to become active. The one before it is accepted until the last
 * token it signs has expired.
 * @param life of what a key has signed, in ms, with a margin
 * @returns the keys to write
 */
export function planSuccession(
  keys: readonly StoredKey[],
  next: StoredKey,
  now: number,
  life: number,
): StoredKey[] {
  const others = ofAlgorithm(keys, next.algorithm).filter(
    (key) => key.kid !== next.kid && isAccepted(key, now),
  );
  const before = findLatest(others.filter(({ activeAt }) => activeAt <= next.activeAt));
  return before === undefined ? [next] : [next, { ...before, retiredAt: next.activeAt + life }];
}

/**
 * Revokes a key. The one in force gets a successor: the one that was to come, or a new one.
 * @param soon when that is to sign; ms since the epoch
 * @param make called where a new key is needed
 */
export async function planRevocation(
  keys: readonly StoredKey[],
  leaked: StoredKey,
  options: { now: number; soon: number; life: number; make: () => Promise<StoredKey> },
): Promise<StoredKey[]> {
  const { now, soon, life } = options;
  const retiredAt = Math.min(leaked.retiredAt ?? now, now);
  const revoked = { ...leaked, retiredAt, revokedAt: now };
  if (!isAccepted(leaked, now)) return [revoked];
  const others = ofAlgorithm(keys, leaked.algorithm).filter((key) => key.kid !== leaked.kid);
  const current = findSigner(others, now);
  if (leaked.activeAt > now) {
    // It was to succeed; the key before it goes on until there is another successor.
    const goesOn = current !== undefined && findNext(others, now) === undefined;
    return goesOn ? [revoked, { ...current, retiredAt: null }] : [revoked];
  }
  const next = findNext(others, now);
  const isInForce = (current?.activeAt ?? -Infinity) <= leaked.activeAt;
  if (!isInForce || (leaked.retiredAt !== null && next === undefined)) return [revoked];
  const successor =
    next === undefined
      ? { ...(await options.make()), activeAt: soon }
      : { ...next, activeAt: Math.min(next.activeAt, soon) };
  return [revoked, ...planSuccession(others, successor, now, life)];
}

/** Whether the algorithm has no key that would go on signing, or one that has signed for long enough. */
export function isSuccessorDue(
  keys: readonly StoredKey[],
  algorithm: string,
  now: number,
  { interval, lead }: { interval: number | null; lead: number },
): boolean {
  const lasting = ofAlgorithm(keys, algorithm).filter((key) => key.retiredAt === null);
  const latest = findLatest(lasting);
  if (latest === undefined) return true;
  return interval !== null && now >= latest.activeAt + (interval - lead) * 1000;
}

/**
 * Lets the keys of algorithms retire that no node uses any more: after the setting was changed, nobody
 * else would.
 * @param lastUses by algorithm, ms since the epoch
 * @param patience how long a node may be down and still find its key; ms
 */
export function planAbandonment(
  keys: readonly StoredKey[],
  lastUses: ReadonlyMap<string, number>,
  { now, life, patience }: { now: number; life: number; patience: number },
): StoredKey[] {
  return keys
    .filter(
      (key) =>
        key.retiredAt === null &&
        key.activeAt + patience <= now &&
        (lastUses.get(key.algorithm) ?? now) + patience <= now,
    )
    .map((key) => ({ ...key, retiredAt: now + life }));
}

/** Those that nobody has to see any more. */
export function findForgotten(keys: readonly StoredKey[], now: number): string[] {
  return keys
    .filter(({ retiredAt }) => retiredAt !== null && retiredAt + KEPT <= now)
    .map(({ kid }) => kid);
}
