/** Advisory locks of Latchkey, apart from those of others in the same database by their class. */
const lockClass = 0x6c_61_74_6b;

/** What each lock stands for. The numbers are agreed between all versions that share a database. */
const locks = { log: 1, migration: 2 } as const;

/** A call, to be used in a statement, that waits for the lock and holds it until the transaction ends. */
export function lockCall(name: keyof typeof locks): string {
  return `pg_catalog.pg_advisory_xact_lock(${lockClass}, ${locks[name]})`;
}
