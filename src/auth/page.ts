import { InvalidInput } from '../kernel/errors.ts';
import { InputReader } from './input.ts';

/** Rows a page can have. */
const PAGE_MAX = 200;
const PAGE_DEFAULT = 100;

/** Which part of a list to return. */
export interface Page {
  /** The `next_cursor` of the previous page. Default: the first page. */
  readonly after?: string | undefined;
  /** Rows, 1 to 200. Default 100. */
  readonly limit?: number | undefined;
}

/** A page as it was asked for by code, or by the query of a request, where every value is text. */
export interface ParsedPage {
  readonly after: string | null;
  readonly limit: number;
}

/** Ids are the cursors of our lists. */
const CURSOR = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Reads `after` and `limit`, and refuses any other member.
 * @throws {InvalidInput}
 */
export function parsePage(input: unknown): ParsedPage {
  const reader = new InputReader(input);
  const page = readPage(reader);
  reader.finish();
  return page;
}

/** Reads `after` and `limit`. @param cursor what `after` is: an id, or any text of at most 512 characters.
 * If they are not valid, the reader's `finish` throws. */
export function readPage(reader: InputReader, cursor: 'id' | 'text' = 'id'): ParsedPage {
  const after = reader.optionalString('after', { max: cursor === 'id' ? 64 : 512 });
  if (cursor === 'id' && after !== undefined && !CURSOR.test(after)) {
    reader.problem('after', '"after" must be the "next_cursor" of the page before.');
  }
  const limit = reader.has('limit') ? readLimit(reader) : PAGE_DEFAULT;
  return { after: after ?? null, limit };
}

/** As {@link parsePage}, for lists that are read whole, whose ids have other forms. @throws {InvalidInput} */
export function parseListedPage(input: unknown): ParsedPage {
  const reader = new InputReader(input);
  const after = reader.optionalString('after', { max: 64 }) ?? null;
  const limit = reader.has('limit') ? readLimit(reader) : PAGE_DEFAULT;
  reader.finish();
  return { after, limit };
}

/** Cuts a page from a list that was read whole. @throws {InvalidInput} when `after` is not in it any longer */
export function cutListed<Row>(
  all: readonly Row[],
  { after, limit }: ParsedPage,
  idOf: (row: Row) => string,
): { readonly rows: readonly Row[]; readonly nextCursor: string | null } {
  const at = after === null ? -1 : all.findIndex((row) => idOf(row) === after);
  if (after !== null && at === -1) {
    throw new InvalidInput([
      { field: 'after', problem: '"after" is not in the list. Start again.' },
    ]);
  }
  const rows = all.slice(at + 1, at + 1 + limit);
  const last = rows.at(-1);
  const hasMore = at + 1 + limit < all.length && last !== undefined;
  return { rows, nextCursor: hasMore ? idOf(last) : null };
}

/**
 * Cuts what was read to a page. Read one row more than the limit: it tells whether there is another page.
 * @returns the rows of the page, and its last id where another page follows
 */
export function cutPage<Row extends { readonly id: string }>(
  found: readonly Row[],
  limit: number,
): { readonly rows: readonly Row[]; readonly nextCursor: string | null } {
  const rows = found.slice(0, limit);
  return { rows, nextCursor: found.length > limit ? (rows.at(-1)?.id ?? null) : null };
}

function readLimit(reader: InputReader): number {
  const given = reader.raw('limit');
  const limit = typeof given === 'string' && /^[1-9]\d{0,2}$/.test(given) ? Number(given) : given;
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= PAGE_MAX) {
    return limit;
  }
  reader.problem('limit', `"limit" must be a whole number from 1 to ${PAGE_MAX}.`);
  return PAGE_DEFAULT;
}
