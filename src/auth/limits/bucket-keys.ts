import { createHmac } from 'node:crypto';
import { deriveRootKey, type RootKey } from '../keys/root-keys.ts';
import type { BucketKind } from './bucket-kinds.ts';

/** Bytes of a MAC that are kept: enough that no two are ever equal by chance. */
const MAC_BYTES = 16;

/** Derived keys by the root key they come from. A root key that is no longer used is collected with its entry. */
const derived = new WeakMap<RootKey, Map<string, Buffer>>();

/** Computes a MAC over texts under a key for one purpose. */
export function createLimitMac(root: RootKey, purpose: string, texts: readonly string[]): Buffer {
  // As JSON, so that no two different lists have the same text.
  const mac = createHmac('sha256', findKey(root, purpose)).update(JSON.stringify(texts)).digest();
  return mac.subarray(0, MAC_BYTES);
}

/**
 * The key under which a bucket is stored. The attack: a reader of the table learns who was attacked from where,
 * and what people typed by mistake in place of a name. Without the root key for data a MAC tells nothing.
 * @param about whom or what the bucket counts: a name, an address, a session
 * @returns in the form of a UUID, as the ids of all other records are
 */
export function createBucketKey(root: RootKey, kind: BucketKind, ...about: string[]): string {
  const mac = createLimitMac(root, 'attempt buckets v1', [kind, ...about]).toString('hex');
  return mac.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A key of 32 bytes for one purpose, derived once. */
export function findKey(root: RootKey, purpose: string): Buffer {
  const keys = derived.get(root) ?? new Map<string, Buffer>();
  derived.set(root, keys);
  const key = keys.get(purpose) ?? deriveRootKey(root, purpose);
  keys.set(purpose, key);
  return key;
}
