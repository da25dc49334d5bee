import { resolve } from 'node:path';
import { parsePostgresUrl } from './postgres/url.ts';
import type { Refuse } from './setting-error.ts';
import { refuseStrayCharacters } from './values/stray-characters.ts';

/** Where the data lives. */
export type DatabaseLocation =
  /** `path` is absolute, or `:memory:`. */
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** The advice of every refusal. None quotes the URL, which may contain a password. */
const FORMS =
  'Give sqlite:./data/latchkey.db, sqlite:/var/lib/latchkey/latchkey.db, sqlite::memory:, or postgres://user:password@host/database.';

function parseSqlitePath(path: string, refuse: Refuse): string {
  refuseStrayCharacters(path, refuse);
  if (/^:|:$/.test(path) && path !== ':memory:') {
    refuse('names a file that looks like :memory: and is not.', FORMS);
  }
  if (path === ':memory:') return path;
  if (path === '') refuse('names no file.', FORMS);
  // Some read sqlite:///x as relative, some as absolute.
  if (path.startsWith('//')) refuse('has slashes that can be read two ways.', FORMS);
  if (path.startsWith('~')) refuse('begins with ~, which only a shell reads.', 'Write it in full.');
  if (path.endsWith('/')) refuse('names a folder.', FORMS);
  if (/[?#]/.test(path)) refuse('has options, and SQLite takes none here.', FORMS);
  return resolve(path);
}

/** Parses `sqlite:<path>`, `sqlite::memory:`, `postgres://…` or `postgresql://…`. */
export function parseDatabaseUrl(text: string, refuse: Refuse): DatabaseLocation {
  refuseStrayCharacters(text, refuse);
  if (text.startsWith('sqlite:')) {
    return { kind: 'sqlite', path: parseSqlitePath(text.slice('sqlite:'.length), refuse) };
  }
  if (/^postgres(ql)?:/.test(text)) {
    parsePostgresUrl(text, refuse);
    return { kind: 'postgres', url: text };
  }
  return refuse('is not a database that Latchkey knows.', FORMS);
}
