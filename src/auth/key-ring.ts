import type { Algorithm } from '../jwt/algorithms.ts';
import {
  exportPrivateJwk,
  generateSigningKey,
  importSigningKey,
  type SigningKey,
  toPublicJwk,
  type VerificationKey,
} from '../jwt/keys.ts';
import type { Clock, Random, Store, StoredKey } from './ports.ts';
import { deriveKey, seal, unseal } from './sealing.ts';

/**
 * Nodes that make the first key at once must agree on one, though their clocks differ: to one whose clock
 * is behind, the key of another must not seem to be still to come. Milliseconds.
 */
const CLOCK_DIFFERENCE = 600_000;

/** The signing keys of this server. */
export interface KeyRing {
  /** Signs now. */
  readonly signing: SigningKey;
  /** All keys whose tokens are accepted: those that signed, sign, or will. */
  readonly verification: readonly VerificationKey[];
}

/** A ring of one key that the host configured; nothing is stored. */
export function createStaticKeyRing(key: SigningKey): KeyRing {
  return { signing: key, verification: [toVerificationKey(key)] };
}

/** Loads the keys from the store; makes the first one where there is none for this algorithm. */
export async function loadKeyRing(options: {
  store: Store;
  secret: string;
  algorithm: Algorithm;
  clock: Clock;
  random: Random;
}): Promise<KeyRing> {
  const { store, algorithm, clock } = options;
  const sealingKey = deriveKey(options.secret, 'signing keys v1');
  const now = clock.now();
  let stored = await store.listKeys();
  if (findKeyInForce(stored, algorithm, now) === undefined) {
    const candidate = sealKey(generateSigningKey(algorithm), sealingKey, now, options.random);
    // Many nodes may start at once: the store keeps the first candidate, and all use that one.
    stored = await store.ensureKey({ candidate, now });
  }
  const inForce = findKeyInForce(stored, algorithm, now);
  if (inForce === undefined) throw new Error('the store kept no signing key');
  const keys = stored.filter((key) => !isRetired(key, now)).map((key) => openKey(key, sealingKey));
  const signing = keys.find((key) => key.kid === inForce.kid);
  if (signing === undefined) throw new Error('the signing key in force is retired');
  return { signing, verification: keys.map(toVerificationKey) };
}

/** The key that signs at `now`: of this algorithm, not retired, the latest to become active. */
export function findKeyInForce(
  keys: readonly StoredKey[],
  algorithm: string,
  now: number,
): StoredKey | undefined {
  return keys
    .filter((key) => key.algorithm === algorithm && key.activeAt <= now && !isRetired(key, now))
    .reduce<StoredKey | undefined>(
      (latest, key) => (latest === undefined || key.activeAt > latest.activeAt ? key : latest),
      undefined,
    );
}

function isRetired(key: StoredKey, now: number): boolean {
  return key.retiredAt !== null && key.retiredAt <= now;
}

function sealKey(key: SigningKey, sealingKey: Buffer, now: number, random: Random): StoredKey {
  const publicJwk = key.algorithm.startsWith('HS') ? null : JSON.stringify(toPublicJwk(key));
  return {
    kid: key.kid,
    algorithm: key.algorithm,
    publicJwk,
    sealedPrivateJwk: seal(sealingKey, JSON.stringify(exportPrivateJwk(key)), key.kid, random),
    createdAt: now,
    activeAt: now - CLOCK_DIFFERENCE,
    retiredAt: null,
  };
}

function openKey(stored: StoredKey, sealingKey: Buffer): SigningKey {
  const jwk = unseal(sealingKey, stored.sealedPrivateJwk, stored.kid);
  return importSigningKey(jwk, stored.algorithm as Algorithm, stored.kid);
}

function toVerificationKey(key: SigningKey): VerificationKey {
  return { kid: key.kid, algorithm: key.algorithm, key: key.publicKey };
}
