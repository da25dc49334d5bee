import type { Random } from '../../kernel/random.ts';
import { deriveRootKey, type RootKey } from './root-keys.ts';
import { seal, unseal } from './sealing.ts';

/** What a value is, and where it is stored. It opens there only. */
export interface SealedPlace {
  /** Names the key that is derived for values of this kind. */
  readonly purpose: string;
  /** The ids of its row and of its user. The attack: a writer to the database gives one user the value of another. */
  readonly context: readonly string[];
}

/**
 * Seals a value under the newest root key for data.
 * @param roots the root keys for data, the newest first
 * @returns the id of the root key, and what it sealed
 */
export function sealValue(
  [root]: readonly RootKey[],
  { purpose, context }: SealedPlace,
  value: string,
  random: Random,
): string {
  if (root === undefined) throw new Error('There is no root key for data.');
  const key = deriveRootKey(root, purpose);
  return `${root.id}.${seal(key, value, JSON.stringify(context), random)}`;
}

/**
 * Opens what {@link sealValue} made.
 * @returns undefined if its root key is no longer there, or if it was changed or moved to another place
 */
export function openValue(
  roots: readonly RootKey[],
  { purpose, context }: SealedPlace,
  sealed: string,
): string | undefined {
  const [id, body = ''] = sealed.split('.', 2);
  const root = roots.find((it) => it.id === id);
  if (root === undefined) return undefined;
  try {
    return unseal(deriveRootKey(root, purpose), body, JSON.stringify(context));
  } catch {
    return undefined;
  }
}

/** Whether a value is sealed under the newest of these root keys. */
export function isSealedUnderNewest([root]: readonly RootKey[], sealed: string): boolean {
  return root !== undefined && sealed.startsWith(`${root.id}.`);
}
