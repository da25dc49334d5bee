import { StoreUnavailable } from '../../kernel/errors.ts';
import { describeForeign, listNames } from '../ownership.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/**
 * Asserts that no other program has made tables with the names of new ones beside those of an earlier version.
 * @throws {StoreUnavailable}
 */
export function* assertFree(sql: Sql, names: readonly string[]): Steps<void> {
  const found = yield* listNames(sql.listTables());
  const taken = names.filter((name) => found.includes(name));
  if (taken.length > 0) throw new StoreUnavailable(describeForeign(sql, taken));
}
