import type { VerificationKey } from '../../jwt/keys/key-types.ts';
import { importPublishedKeys, isSameKey } from '../../jwt/keys/published-keys.ts';
import { KeyRefused } from '../../kernel/errors.ts';
import { wrongSetUp } from '../../kernel/http/fetch-document.ts';
import { showUrl } from '../../kernel/http/show-url.ts';

/**
 * Reads the keys that an issuer publishes.
 * @param url the URL of the keys, for messages
 * @throws {FetchFailed} if it is not a key set, or if none of its keys can be used
 */
export function readIssuerKeys(url: string, value: unknown): readonly VerificationKey[] {
  const { keys, ignored } = readKeySet(url, value);
  if (keys.length === 0) throw wrongSetUp(describeNoKeys(showUrl(url), ignored));
  return keys;
}

function readKeySet(url: string, value: unknown): ReturnType<typeof importPublishedKeys> {
  try {
    return importPublishedKeys(value);
  } catch (error) {
    throw error instanceof KeyRefused ? wrongSetUp(`${showUrl(url)}: ${error.message}`) : error;
  }
}

function describeNoKeys(url: string, ignored: number): string {
  if (ignored > 0) {
    return `None of the ${ignored} keys at ${url} can be used: each must be public and name its "alg".`;
  }
  return `There is no key at ${url}. An issuer that signs with a shared secret (HS256) publishes none: give the secret to createGuard({ keys, algorithm: 'HS256' }).`;
}

/** Whether two lists have the same keys, in any order. */
export function isSameKeySet(
  one: readonly VerificationKey[],
  other: readonly VerificationKey[],
): boolean {
  return (
    one.length === other.length &&
    one.every((key) => other.some((another) => isSameKey(key, another)))
  );
}
