import type { Revocation } from './revocation.ts';

/** How a kind is written on the wire. */
const LETTERS = { session: 's', user: 'u', token: 't', key: 'k', keys: 'n' } as const;
const KINDS: ReadonlyMap<unknown, Revocation['kind']> = new Map([
  ['s', 'session'],
  ['u', 'user'],
  ['t', 'token'],
  ['k', 'key'],
  ['n', 'keys'],
]);
const SUBJECT_MAX = 256;

/**
 * Writes entries of the log as the feed carries them: a JSON array on one line, of
 * `[seq, kind, subject, expiresAt]`, and for a user `[seq, "u", subject, expiresAt, version]`.
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
 * Reads what {@link encodeRevocations} wrote. Further members of an entry are ignored: a newer server may
 * send them.
 * @throws {SyntaxError} for anything else
 */
export function parseRevocations(text: string): Revocation[] {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw malformed();
  return list.map(parseEntry);
}

function parseEntry(entry: unknown): Revocation {
  if (!Array.isArray(entry)) throw malformed();
  const [seq, letter, subject, expiresAt, version = 0]: unknown[] = entry;
  const kind = KINDS.get(letter);
  if (kind === undefined || typeof subject !== 'string' || subject.length > SUBJECT_MAX) {
    throw malformed();
  }
  if (!isCount(seq) || !isCount(expiresAt) || !isCount(version)) throw malformed();
  return { seq, kind, subject, version, expiresAt };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function malformed(): SyntaxError {
  return new SyntaxError('This is not a list of revocations.');
}
