import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/** Keeps the revocation log in order where many write at once. */
export function* logOrder(sql: Sql): Steps<void> {
  yield* sql.guardLog();
}
