import { isJsonObject } from '../../kernel/encoding/json.ts';
import { KeyRefused } from '../../kernel/errors.ts';
import { isAlgorithm, isSymmetric } from '../algorithms.ts';
import { importVerificationKey } from './import-keys.ts';
import type { VerificationKey } from './key-types.ts';

/** An issuer has two or three keys. A very long list would make every refusal slow. */
const MAX_KEYS = 64;

/** The secret members of a JWK. @see RFC 7518 section 6 */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/** What was read from a published key set. */
export interface PublishedKeys {
  readonly keys: readonly VerificationKey[];
  /** How many keys of the set cannot be used, for any reason. */
  readonly ignored: number;
}

/**
 * Reads a published key set. A key is used only if it is public, names an algorithm of Latchkey in `alg`, has the kind and
 * strength that this algorithm needs, and is meant to verify. Other keys are ignored, as the standard requires. HMAC
 * secrets and private keys are never used: everyone knows them once they are published, and could sign tokens.
 * @throws {KeyRefused} for a value that is not a key set, for too many keys, and if two different keys share a `kid`
 * @see RFC 7517 section 5
 */
export function importPublishedKeys(value: unknown): PublishedKeys {
  const keys = isJsonObject(value) ? value['keys'] : undefined;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) {
    throw new KeyRefused(
      'invalid_key',
      `This is not a JWKS: {"keys": […]} with at most ${MAX_KEYS} keys.`,
    );
  }
  const used: VerificationKey[] = [];
  for (const jwk of keys) {
    const key = findPublishedKey(jwk);
    if (key === undefined) continue;
    const known = used.find(({ kid }) => kid === key.kid);
    if (known === undefined) used.push(key);
    else if (!isSameKey(known, key)) {
      throw new KeyRefused('invalid_key', 'Two keys of this JWKS have the same "kid".');
    }
  }
  return { keys: used, ignored: keys.length - used.length };
}

function findPublishedKey(jwk: unknown): VerificationKey | undefined {
  if (!isJsonObject(jwk) || PRIVATE_MEMBERS.some((member) => member in jwk)) return undefined;
  const { alg } = jwk;
  if (!isAlgorithm(alg) || isSymmetric(alg)) return undefined;
  try {
    return importVerificationKey(jwk, alg);
  } catch (error) {
    if (error instanceof KeyRefused) return undefined;
    throw error;
  }
}

/** Whether two keys verify the same tokens. */
export function isSameKey(one: VerificationKey, other: VerificationKey): boolean {
  return one.kid === other.kid && one.algorithm === other.algorithm && one.key.equals(other.key);
}
