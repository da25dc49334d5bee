import pg from 'pg';
import { StoreUnavailable } from '../../kernel/errors.ts';
import { UniqueViolation } from '../sql/unique-violation.ts';

/** The statement, and with it the transaction, had no effect at all and may simply be run again. */
export class NothingDone extends StoreUnavailable {}

/** A migration of a newer node changed the columns that a prepared statement answers; it must be prepared again. */
export class StalePlan extends NothingDone {}

type Condition = readonly [problem: string, retryAfter: number];

const away: Condition = ['The database is starting or stopping. Try again.', 1];
const slow: Condition = ['The database took too long to answer. Try again.', 1];
const refused: Condition = [
  "The database refused the connection: its pg_hba.conf has no entry for this user, this database, this address and this kind of encryption. Add one, or add sslmode=verify-full to the database's URL where the server asks for TLS.",
  10,
];
const wrongPassword: Condition = [
  "The database refused the connection: the password in the database's URL is wrong, or the server does not know the user. Correct them; special characters of a password are written as %XX.",
  10,
];
const unknownRole: Condition = [
  "The database refused the connection: its server has no such user, or one that may not log in. Correct the user in the database's URL, or create it: CREATE ROLE … LOGIN PASSWORD '…'",
  10,
];
const unknownDatabase: Condition = [
  "The database refused the connection: its server has no database of that name. Correct the name in the database's URL, or create it: CREATE DATABASE … ENCODING 'UTF8'",
  10,
];
const forbidden: Condition = [
  "The database's user lacks a permission. Make it the owner of the database and of the tables in it, or grant it what it needs: GRANT CONNECT ON DATABASE …; GRANT USAGE, CREATE ON SCHEMA …",
  10,
];
const noSchema: Condition = [
  'The database has no schema to work in: none of those in search_path is there, or this user may use none of them. Create one (CREATE SCHEMA …), or correct search_path.',
  10,
];
const missingTable: Condition = [
  'A table or a column of Latchkey is missing in the database, or lies in a schema that is not in search_path. Correct search_path, or restore a backup.',
  60,
];
const tableTaken: Condition = [
  'Another program has a table, an index or a function in this schema with a name that Latchkey needs. Give Latchkey a database or a schema of its own.',
  60,
];
const damaged: Condition = [
  "The database is damaged. Look into the server's log, and restore a backup.",
  60,
];

/** By SQLSTATE, or by its class. @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const conditions: Readonly<Record<string, Condition>> = {
  '08': ['The connection to the database was lost. Try again.', 1],
  '28': refused,
  '28P01': wrongPassword,
  '3D000': unknownDatabase,
  '3F000': noSchema,
  '42501': forbidden,
  '42P01': missingTable,
  '42703': missingTable,
  '42P07': tableTaken,
  '42723': tableTaken,
  '42710': tableTaken,
  '25006': [
    "The database is read-only: a standby, or default_transaction_read_only is on. Name the primary server in the database's URL.",
    5,
  ],
  '25P03': slow,
  '53100': [
    "The disk under the database is full. Free some space on the database's server; nothing needs a restart.",
    10,
  ],
  '53300': [
    'The database takes no more connections. Raise its max_connections, or lower pool_size in the URL of each node.',
    1,
  ],
  '53': ['The database has run out of memory or other means. Give it more, or load it less.', 5],
  '55P03': slow,
  '57014': slow,
  '57': away,
  '58': ["The disk under the database reported an error. Look into the server's log.", 10],
  XX001: damaged,
  XX002: damaged,
};

/** Serialization failure, deadlock, a statement that a pooler prepared on another server connection. */
const retryable = new Set(['40001', '40P01', '26000']);

/**
 * What a failed statement or connection means for the caller. What the server says of a statement may
 * quote its values, so none of it goes into a message.
 */
export function toStoreError(error: unknown): Error {
  // The driver tells of broken connections, timeouts and TLS by errors of many kinds.
  if (!(error instanceof pg.DatabaseError)) {
    if (error instanceof RangeError) return error;
    const problem = 'The database does not answer. Try again.';
    return new StoreUnavailable(problem, { cause: error });
  }
  const { code = '', constraint } = error;
  if (code === '23505' && constraint !== undefined) return new UniqueViolation(constraint);
  const retry = 'The database could not do this just now. Try again.';
  // The server finds this out before it executes anything.
  if (code === '0A000' && error.routine === 'RevalidateCachedQuery') return new StalePlan(retry);
  if (retryable.has(code)) return new NothingDone(retry);
  const condition = findCondition(error);
  if (condition === undefined) {
    return new Error(`The store could not do this: the database answered with error ${code}.`);
  }
  const [problem, retryAfter] = condition;
  return new StoreUnavailable(problem, { retryAfter, cause: new Error(`SQLSTATE ${code}`) });
}

function findCondition({ code = '', routine }: pg.DatabaseError): Condition | undefined {
  // One code stands for both a missing entry in pg_hba.conf and a missing role. Messages are translated.
  if (code === '28000' && routine === 'InitializeSessionUserId') return unknownRole;
  return conditions[code] ?? conditions[code.slice(0, 2)];
}
