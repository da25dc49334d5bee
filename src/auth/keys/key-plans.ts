import type { KeyRotation } from '../settings.ts';
import { findLatest, findNext, findSigner, isAccepted, ofAlgorithm } from './key-status.ts';
import type { StoredKey } from './stored-key.ts';

/** How long a retired or revoked key stays listed. */
const LISTED_MS = 7 * 86_400_000;

/**
 * Adds a key, or changes when a published one becomes active. The previous key stops signing then, and is accepted
 * for `acceptForMs` longer.
 * @param now ms since the epoch
 * @param acceptForMs how long the last token of a key may be accepted, with a margin
 * @returns the keys to write
 */
export function planSuccession(
  keys: readonly StoredKey[],
  next: StoredKey,
  now: number,
  acceptForMs: number,
): StoredKey[] {
  const others = ofAlgorithm(keys, next.algorithm).filter(
    (key) => key.kid !== next.kid && isAccepted(key, now),
  );
  const previous = findLatest(others.filter(({ activeAt }) => activeAt <= next.activeAt));
  return previous === undefined
    ? [next]
    : [next, { ...previous, retiredAt: next.activeAt + acceptForMs }];
}

/**
 * Revokes a key. If it is the one that signs, a successor takes over: the next key if there is one, or a new one.
 * @param options `successorAt`: when the successor signs; `make`: makes a new key, called only if one is needed.
 *   Times are ms since the epoch
 * @returns the keys to write
 */
export async function planRevocation(
  keys: readonly StoredKey[],
  leaked: StoredKey,
  options: {
    now: number;
    successorAt: number;
    acceptForMs: number;
    make: () => Promise<StoredKey>;
  },
): Promise<StoredKey[]> {
  const { now, successorAt, acceptForMs } = options;
  const retiredAt = Math.min(leaked.retiredAt ?? now, now);
  const revoked = { ...leaked, retiredAt, revokedAt: now };
  if (!isAccepted(leaked, now)) return [revoked];
  const others = ofAlgorithm(keys, leaked.algorithm).filter((key) => key.kid !== leaked.kid);
  const current = findSigner(others, now);
  if (leaked.activeAt > now) {
    // The leaked key was the next one. Without another, the key that signs now goes on.
    const goesOn = current !== undefined && findNext(others, now) === undefined;
    return goesOn ? [revoked, { ...current, retiredAt: null }] : [revoked];
  }
  const next = findNext(others, now);
  const isSigning = (current?.activeAt ?? -Infinity) <= leaked.activeAt;
  if (!isSigning || (leaked.retiredAt !== null && next === undefined)) return [revoked];
  const successor =
    next === undefined
      ? { ...(await options.make()), activeAt: successorAt }
      : { ...next, activeAt: Math.min(next.activeAt, successorAt) };
  return [revoked, ...planSuccession(others, successor, now, acceptForMs)];
}

/** Whether an algorithm has no key that goes on signing, or only one whose interval ends within the prepublication. */
export function needsSuccessor(
  keys: readonly StoredKey[],
  algorithm: string,
  now: number,
  {
    intervalSeconds,
    prepublishSeconds,
  }: Pick<KeyRotation, 'intervalSeconds' | 'prepublishSeconds'>,
): boolean {
  const lasting = ofAlgorithm(keys, algorithm).filter((key) => key.retiredAt === null);
  const latest = findLatest(lasting);
  if (latest === undefined) return true;
  if (intervalSeconds === null) return false;
  return now >= latest.activeAt + (intervalSeconds - prepublishSeconds) * 1000;
}

/**
 * Retires the keys of algorithms that no node uses any longer. After the setting was changed on all nodes, no node
 * would replace such a key.
 * @param lastUses by algorithm, ms since the epoch
 * @param options `maxDowntimeMs`: how long a node may be down and still find the key of its algorithm
 */
export function planAbandonment(
  keys: readonly StoredKey[],
  lastUses: ReadonlyMap<string, number>,
  { now, acceptForMs, maxDowntimeMs }: { now: number; acceptForMs: number; maxDowntimeMs: number },
): StoredKey[] {
  return keys
    .filter(
      (key) =>
        key.retiredAt === null &&
        key.activeAt + maxDowntimeMs <= now &&
        (lastUses.get(key.algorithm) ?? now) + maxDowntimeMs <= now,
    )
    .map((key) => ({ ...key, retiredAt: now + acceptForMs }));
}

/** Finds the keys that were retired long enough ago to be removed. @returns their `kid`s */
export function findRemovable(keys: readonly StoredKey[], now: number): string[] {
  return keys
    .filter(({ retiredAt }) => retiredAt !== null && retiredAt + LISTED_MS <= now)
    .map(({ kid }) => kid);
}
