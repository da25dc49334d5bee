import { InvalidSetting } from '../../kernel/errors.ts';
import { assertFetchable } from '../../kernel/http/fetch-document.ts';
import type { RevocationOptions } from '../feed/revocation-watch.ts';

/**
 * Asserts that it is an address to ask, and written without anything that a comparison with `iss` would trip
 * over unseen.
 * @throws {InvalidSetting} which does not quote an address that may hold a secret
 */
export function assertAddress(name: string, value: unknown, allowHttp: boolean): void {
  assertName(name, value);
  try {
    assertFetchable(value, allowHttp);
  } catch (error) {
    throw new InvalidSetting(name, error instanceof Error ? error.message : 'is wrong.', FIX);
  }
}

/** Asserts that it can be the name of an issuer. @see RFC 8414 section 2 */
export function assertIssuer(value: unknown): asserts value is string {
  assertName('issuer', value);
  if (/[?#]/.test(value)) {
    throw new InvalidSetting('issuer', 'must not have a query or a fragment.', FIX);
  }
  const url = URL.parse(value);
  if (url !== null && (url.username !== '' || url.password !== '')) {
    throw new InvalidSetting('issuer', 'must not have a user or a password.', FIX);
  }
}

const FIX = 'Give an address such as https://auth.example.';

function assertName(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '') throw new InvalidSetting(name, 'is missing.', FIX);
  // URL parsers drop these in silence, and the issuer no longer equals the "iss" of its tokens.
  if (/[\s\p{Cc}]/u.test(value)) {
    const problem = 'has a blank, a line break or another control character in it.';
    throw new InvalidSetting(name, problem, 'Remove it.');
  }
}

/** @throws {InvalidSetting} */
export function requireSeconds(name: string, value: number): number {
  if (value > 0 && value <= 3600) return value;
  const fix = 'Give seconds above 0, and 3600 at most.';
  throw new InvalidSetting(name, 'is not a valid duration.', fix);
}

/** Seconds. Less than the feed's heartbeat needs would make a healthy feed look stale. */
const LEAST_STALENESS = 20;

/** @throws {InvalidSetting} */
export function assertRevocationOptions(options: RevocationOptions, allowHttp: boolean): void {
  const { credential, maxStaleness, onStale, url, introspectionUrl } = options;
  const key = 'Give the key that `latchkey clients create NAME --kind guard` printed.';
  if (typeof credential !== 'string' || credential === '') {
    throw new InvalidSetting('revocations.credential', 'is missing.', key);
  }
  // `fetch` refuses such a header with an error that quotes it, key and all.
  if (!/^[\t\n\r ]*[\x21-\x7e]+[\t\n\r ]*$/.test(credential)) {
    throw new InvalidSetting('revocations.credential', 'holds characters that no key has.', key);
  }
  if (maxStaleness !== undefined && !(maxStaleness >= LEAST_STALENESS)) {
    const fix = `Give seconds, ${LEAST_STALENESS} or more.`;
    throw new InvalidSetting('revocations.maxStaleness', 'is too short.', fix);
  }
  if (onStale !== undefined && !['accept', 'reject', 'introspect'].includes(onStale)) {
    const fix = 'Give "accept", "reject" or "introspect".';
    throw new InvalidSetting('revocations.onStale', 'is not a known policy.', fix);
  }
  if (url !== undefined) assertAddress('revocations.url', url, allowHttp);
  if (introspectionUrl !== undefined) {
    assertAddress('revocations.introspectionUrl', introspectionUrl, allowHttp);
  }
}
