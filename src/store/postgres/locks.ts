/** Advisory locks of Latchkey, apart from those of others in the same database by their class. */
const lockClass = 0x6c_61_74_6b;
/** The same for names: those whose hashes are equal share a lock, and merely wait for each other. */
const nameLockClass = lockClass + 1;

/*
 * The lock order. Every verb, as a transaction or as one statement, takes its locks in this order:
 *
 * 1. the row of a name in the shared state (`facts`), or the lock of a name;
 * 2. the user's row;
 * 3. rows of that user's sessions;
 * 4. rows of one-time secrets;
 * 5. the lock of the revocation log, with the first insert into `revocations`.
 *
 * A verb that holds the log's lock never waits for a row, so no cycle of waits (a deadlock) can form. It also
 * keeps the log free: a verb that waits for a row does not stop the revocations of other users. Statements
 * that take sessions of several users (purging, batches of refreshes) skip the rows that others hold, so they
 * never wait for a row.
 */

/** What each lock stands for. The numbers are agreed between all versions that share a database. */
const locks = { log: 1, migration: 2 } as const;

/** A call, to be used in a statement, that waits for the lock and holds it until the transaction ends. */
export function lockCall(name: keyof typeof locks): string {
  return `pg_catalog.pg_advisory_xact_lock(${lockClass}, ${locks[name]})`;
}

/** The same for a name, given by an expression. */
export function nameLockCall(name: string): string {
  return `pg_catalog.pg_advisory_xact_lock(${nameLockClass}, pg_catalog.hashtext(${name}))`;
}
