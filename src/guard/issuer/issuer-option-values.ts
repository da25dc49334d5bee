import { InvalidSetting } from '../../kernel/errors.ts';
import { assertFetchable } from '../../kernel/http/fetch-document.ts';
import type { RevocationOptions } from '../feed/revocation-options.ts';

/**
 * Asserts that a value is the URL of a server to send requests to.
 * @throws {InvalidSetting} which does not quote the value, because it may contain a secret
 */
export function assertAddress(name: string, value: unknown, allowHttp: boolean): void {
  assertName(name, value);
  try {
    assertFetchable(value, allowHttp);
  } catch (error) {
    throw new InvalidSetting(name, error instanceof Error ? error.message : 'is wrong.', FIX);
  }
}

/** Asserts that a value can be the URL of an issuer. @throws {InvalidSetting} @see RFC 8414 section 2 */
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
  // URL parsers silently drop these, so the issuer would not equal the "iss" of its tokens.
  if (/[\s\p{Cc}]/u.test(value)) {
    const problem = 'has a blank, a line break or another control character in it.';
    throw new InvalidSetting(name, problem, 'Remove it.');
  }
}

/** Returns a number of seconds above 0 and up to an hour. @throws {InvalidSetting} */
export function requireSeconds(name: string, value: number): number {
  if (value > 0 && value <= 3600) return value;
  const fix = 'Give seconds above 0, and 3600 at most.';
  throw new InvalidSetting(name, 'is not a valid duration.', fix);
}

/** The server sends a heartbeat every 15 seconds. A smaller limit would make a healthy feed look stale. */
const MIN_STALENESS_SECONDS = 20;

/** Asserts that the options of the feed are valid. @throws {InvalidSetting} */
export function assertRevocationOptions(options: RevocationOptions, allowHttp: boolean): void {
  const { credential, maxStaleness, onStale, url, introspectionUrl } = options;
  const key = 'Give the key that `latchkey clients create NAME --kind guard` printed.';
  if (typeof credential !== 'string' || credential === '') {
    throw new InvalidSetting('revocations.credential', 'is missing.', key);
  }
  // `fetch` refuses such a header with an error that quotes it, key and all.
  if (!/^[\t\n\r ]*[\x21-\x7e]+[\t\n\r ]*$/.test(credential)) {
    throw new InvalidSetting('revocations.credential', 'contains characters that no key has.', key);
  }
  if (maxStaleness !== undefined && !(maxStaleness >= MIN_STALENESS_SECONDS)) {
    const fix = `Give seconds, ${MIN_STALENESS_SECONDS} or more.`;
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
