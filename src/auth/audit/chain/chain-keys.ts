import { createHmac } from 'node:crypto';
import { deriveRootKey, type RootKey } from '../../keys/root-keys.ts';

const PURPOSES = {
  origin: 'audit origins v1',
  chain: 'audit chain v1',
  state: 'audit chain state v1',
} as const;

const derived = new WeakMap<RootKey, Partial<Record<keyof typeof PURPOSES, Buffer>>>();

/** Computes a MAC under a key that is derived from a root key for data. @returns base64url */
export function createChainMac(
  root: RootKey,
  purpose: keyof typeof PURPOSES,
  text: string,
): string {
  return createHmac('sha256', keyOf(root, purpose)).update(text).digest('base64url');
}

/** The derivation takes longer than the MAC, and every event needs one. */
function keyOf(root: RootKey, purpose: keyof typeof PURPOSES): Buffer {
  let keys = derived.get(root);
  if (keys === undefined) {
    keys = {};
    derived.set(root, keys);
  }
  keys[purpose] ??= deriveRootKey(root, PURPOSES[purpose]);
  return keys[purpose];
}
