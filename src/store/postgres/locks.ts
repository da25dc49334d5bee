/** The class keeps Latchkey's advisory locks apart from those of other programs in the same database. */
const LOCK_CLASS = 0x6c_61_74_6b;
/** The class of the locks of names. Names with equal hashes share a lock, so they wait for each other needlessly. */
const NAME_LOCK_CLASS = LOCK_CLASS + 1;

/*
 * The lock order. Every verb, as a transaction or as one statement, takes its locks in this order:
 *
 * 1. the row of a name in the shared state (`facts`), or the lock of a name;
 * 2. the user's row;
 * 3. rows of that user's sessions;
 * 4. rows of one-time secrets;
 * 5. buckets of attempts, in the order of their keys;
 * 6. rows of audit events, which sealing and erasing change;
 * 7. the lock of the revocation log, with the first insert into `revocations`.
 *
 * A verb that holds the log's lock never waits for a row, so no cycle of waits (a deadlock) can form. It also
 * keeps the log free: a verb that waits for a row does not stop the revocations of other users. Statements
 * that take sessions of several users (purging, batches of refreshes) skip the rows that others hold, so they
 * never wait for a row.
 */

/** The locks. All versions that share a database must use the same numbers. */
const LOCKS = { log: 1, migration: 2 } as const;

/** SQL that waits for the lock and holds it until the transaction ends. */
export function lockCall(name: keyof typeof LOCKS): string {
  return `pg_catalog.pg_advisory_xact_lock(${LOCK_CLASS}, ${LOCKS[name]})`;
}

/** SQL that does the same for the lock of a name, which is an expression. */
export function nameLockCall(name: string): string {
  return `pg_catalog.pg_advisory_xact_lock(${NAME_LOCK_CLASS}, pg_catalog.hashtext(${name}))`;
}
