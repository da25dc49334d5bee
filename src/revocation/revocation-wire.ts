import { isCount } from '../kernel/count.ts';
import type { Revocation } from './revocation.ts';

/** How each kind is written in the feed. */
const LETTERS = { session: 's', user: 'u', token: 't', key: 'k', keys: 'n' } as const;
const KINDS: ReadonlyMap<unknown, Revocation['kind']> = new Map([
  ['s', 'session'],
  ['u', 'user'],
  ['t', 'token'],
  ['k', 'key'],
  ['n', 'keys'],
]);
/** In characters. */
export const MAX_SUBJECT_LENGTH = 256;

/**
 * Encodes entries of the log for the feed: a JSON array on one line, of `[seq, kind, subject, expiresAt]`, and for a user
 * `[seq, "u", subject, expiresAt, version]`.
 */
export function encodeRevocations(entries: readonly Revocation[]): string {
  return JSON.stringify(
    entries.map(({ seq, kind, subject, expiresAt, version }) =>
      kind === 'user'
        ? [seq, LETTERS[kind], subject, expiresAt, version]
        : [seq, LETTERS[kind], subject, expiresAt],
    ),
  );
}

/**
 * Decodes what {@link encodeRevocations} encoded. Newer servers may send more than this version knows: it ignores further
 * members of an entry, and skips entries of an unknown kind, so that the guard still gets all the others.
 * @param onUnknown called for each skipped entry
 * @throws {SyntaxError} for any other text
 */
export function parseRevocations(text: string, onUnknown: () => void = () => {}): Revocation[] {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw malformed();
  return list.flatMap((entry) => {
    const revocation = findRevocation(entry);
    if (revocation === undefined) onUnknown();
    return revocation ?? [];
  });
}

/** @returns undefined for a kind that this version does not know */
function findRevocation(entry: unknown): Revocation | undefined {
  if (!Array.isArray(entry) || entry.length < 2) throw malformed();
  const [seq, letter, subject, expiresAt, version = 0]: unknown[] = entry;
  const kind = KINDS.get(letter);
  if (kind === undefined) return undefined;
  if (typeof subject !== 'string' || subject.length > MAX_SUBJECT_LENGTH) {
    throw malformed();
  }
  if (!isCount(seq) || !isCount(expiresAt) || !isCount(version)) throw malformed();
  return { seq, kind, subject, version, expiresAt };
}

function malformed(): SyntaxError {
  return new SyntaxError('This is not a list of revocations.');
}
