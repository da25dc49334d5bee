import { InvalidInput } from '../../kernel/errors.ts';
import { createUuidFloor } from '../../kernel/uuid.ts';
import { InputReader } from '../input.ts';
import { toUser, type User, type UserRecord } from '../model.ts';
import { readPage } from '../page.ts';
import type { UserStore } from '../ports/users.ts';
import { EMAIL_MAX, foldCase, trimIdentifier } from '../users/identifiers.ts';

/** Which users to list: those that meet all conditions. Default: all. */
export interface UserQuery {
  /** The beginning of the username or of the address, regardless of case. */
  readonly search?: string | undefined;
  /** Only users who have this role. */
  readonly role?: string | undefined;
  /** True: only disabled users; false: only enabled ones. */
  readonly isDisabled?: boolean | undefined;
  /** Only users created from this time on; ms since the epoch. */
  readonly createdSince?: number | undefined;
  /** Only users created before this time; ms since the epoch. */
  readonly createdUntil?: number | undefined;
  /** The `nextCursor` of the previous page. Default: the first page. */
  readonly after?: string | undefined;
  /** Users, 1 to 200. Default 100. */
  readonly limit?: number | undefined;
}

/** A page of users. */
export interface FoundUsers {
  /** In the order in which they were added; those of a search in the order of what matches. */
  readonly users: readonly User[];
  /** The `after` of the next page; null: this was the last one. A page may have fewer users than its limit. */
  readonly nextCursor: string | null;
}

/** Users that one page reads at most while it looks for those that meet the conditions. */
const MOST_READ = 1000;
/** Sorts after every key that begins with the same text, except one with this character, which no key has. */
const AFTER_EVERY_CHARACTER = '\u{10ffff}';
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z)?$/;

type Lister = Pick<UserStore, 'listUsers' | 'searchUsers'>;

/**
 * Lists users page by page. A page reads a range of one index and a bounded number of rows, whatever the conditions are,
 * so it takes as long among a million users as among a thousand.
 * @throws {InvalidInput} for a cursor of another search
 */
export async function listUsers(
  store: Lister,
  { search, after, limit = 100, ...conditions }: UserQuery,
): Promise<FoundUsers> {
  const read =
    search === undefined
      ? createListing(store, conditions, after)
      : createSearch(store, search, after);
  const users: User[] = [];
  for (let left = MOST_READ; ; ) {
    const most = Math.min(limit + 1, left);
    const rows = await read(most);
    for (const [index, { cursor, user }] of rows.entries()) {
      if (user !== undefined && meets(user, conditions)) users.push(toUser(user));
      const isLast = index === rows.length - 1 && rows.length < most;
      if (users.length === limit) return { users, nextCursor: isLast ? null : cursor };
    }
    left -= rows.length;
    const last = rows.at(-1);
    if (rows.length < most || last === undefined) return { users, nextCursor: null };
    if (left <= 0) return { users, nextCursor: last.cursor };
  }
}

interface Candidate {
  /** The place in the list. */
  readonly cursor: string;
  /** Undefined: the search found the user before, by the other key. */
  readonly user: UserRecord | undefined;
}

/** Reads the next rows. */
type ReadNext = (limit: number) => Promise<readonly Candidate[]>;

type Conditions = Omit<UserQuery, 'search' | 'after' | 'limit'>;

function createListing(
  store: Lister,
  { role, isDisabled, createdSince, createdUntil }: Conditions,
  start: string | undefined,
): ReadNext {
  const since = createdSince === undefined ? '' : createUuidFloor(createdSince);
  let after = start !== undefined && start > since ? start : since;
  const before = createdUntil === undefined ? null : createUuidFloor(createdUntil);
  const range = {
    before,
    ...(role === undefined ? {} : { role }),
    ...(isDisabled === true ? { isDisabled } : {}),
  };
  return async (limit) => {
    const found = await store.listUsers({ after, limit, ...range });
    after = found.at(-1)?.id ?? after;
    return found.map((user) => ({ cursor: user.id, user }));
  };
}

function createSearch(store: Lister, search: string, start: string | undefined): ReadNext {
  const from = foldCase(trimIdentifier(search));
  const to = from + AFTER_EVERY_CHARACTER;
  let after = start === undefined ? '' : decodeCursor(start);
  return async (limit) => {
    const found = await store.searchUsers({ from, to, after, limit });
    after = found.at(-1)?.key ?? after;
    return found.map(({ key, user }) => ({
      cursor: encodeCursor(key),
      user: isFoundBefore(user, key, from) ? undefined : user,
    }));
  };
}

/** Whether the other key of the user matches too, and sorts before this one. */
function isFoundBefore(
  { usernameKey, emailKey }: UserRecord,
  key: string,
  prefix: string,
): boolean {
  const other = key === usernameKey ? emailKey : usernameKey;
  if (!other?.startsWith(prefix)) return false;
  return Buffer.compare(Buffer.from(other), Buffer.from(key)) < 0;
}

function meets(
  user: UserRecord,
  { role, isDisabled, createdSince, createdUntil }: Conditions,
): boolean {
  return (
    (role === undefined || user.roles.includes(role)) &&
    (isDisabled === undefined || (user.disabledAt !== null) === isDisabled) &&
    (createdSince === undefined || user.createdAt >= createdSince) &&
    (createdUntil === undefined || user.createdAt < createdUntil)
  );
}

function encodeCursor(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function decodeCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url');
  if (key.toString('base64url') === cursor) return key.toString();
  throw new InvalidInput([
    { field: 'after', problem: '"after" must be the "next_cursor" of the page before.' },
  ]);
}

/** Reads the query of a request, where every value is text. @throws {InvalidInput} */
export function parseUserQuery(query: unknown): UserQuery {
  const reader = new InputReader(query);
  const search = reader.optionalString('search', { max: EMAIL_MAX });
  const role = reader.optionalString('role', { max: 64 });
  const disabled = reader.optionalString('disabled', { max: 5 });
  if (disabled !== undefined && disabled !== 'true' && disabled !== 'false') {
    reader.problem('disabled', '"disabled" must be true or false.');
  }
  const createdSince = readTime(reader, 'created_since');
  const createdUntil = readTime(reader, 'created_until');
  const page = readPage(reader, search === undefined ? 'id' : 'text');
  reader.finish();
  return {
    search,
    role,
    isDisabled: disabled === undefined ? undefined : disabled === 'true',
    createdSince,
    createdUntil,
    after: page.after ?? undefined,
    limit: page.limit,
  };
}

function readTime(reader: InputReader, field: string): number | undefined {
  const text = reader.optionalString(field, { max: 32 });
  if (text === undefined) return undefined;
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  reader.problem(field, `"${field}" must be a date or a time in UTC: 2026-01-31T09:30Z.`);
  return undefined;
}
