import type { Sql } from '../sql/sql.ts';
import type { Rows, Step } from '../sql/steps.ts';

/** One connection to a database, to copy it. */
export interface TransferConnection {
  readonly sql: Sql;
  /** Begins a transaction. `read` sees the database as it was when the transaction began. */
  begin(mode: 'read' | 'write'): Promise<void>;
  /** Durable once it resolves. */
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** @throws {StoreUnavailable} */
  execute(step: Step): Promise<Rows>;
  /** Makes the revocation log go on after `seq`. */
  moveLog(seq: number): Promise<void>;
  close(): Promise<void>;
}
