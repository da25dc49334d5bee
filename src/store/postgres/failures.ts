import pg from 'pg';
import { StoreUnavailable } from '../../kernel/errors.ts';
import { UniqueViolation } from '../sql/unique-violation.ts';

/** The statement and its transaction had no effect, so they may run again. */
export class NothingDone extends StoreUnavailable {}

/** A migration of a newer node changed the columns that a prepared statement returns. It must be prepared again. */
export class StalePlan extends NothingDone {}

/** `retryAfterSeconds`: when a client may try again. */
type Condition = readonly [problem: string, retryAfterSeconds: number];

const AWAY: Condition = ['The database is starting or stopping. Try again.', 1];
const SLOW: Condition = ['The database took too long to answer. Try again.', 1];
const REFUSED: Condition = [
  "The database refused the connection: its pg_hba.conf has no entry for this user, this database, this address and this kind of encryption. Add one, or add sslmode=verify-full to the database's URL where the server asks for TLS.",
  10,
];
const WRONG_PASSWORD: Condition = [
  "The database refused the connection: the password in the database's URL is wrong, or the server does not know the user. Correct them; special characters of a password are written as %XX.",
  10,
];
const UNKNOWN_ROLE: Condition = [
  "The database refused the connection: its server has no such user, or one that may not log in. Correct the user in the database's URL, or create it: CREATE ROLE … LOGIN PASSWORD '…'",
  10,
];
const UNKNOWN_DATABASE: Condition = [
  "The database refused the connection: its server has no database of that name. Correct the name in the database's URL, or create it: CREATE DATABASE … ENCODING 'UTF8'",
  10,
];
const FORBIDDEN: Condition = [
  "The database's user lacks a permission. Make it the owner of the database and of the tables in it, or grant it what it needs: GRANT CONNECT ON DATABASE …; GRANT USAGE, CREATE ON SCHEMA …",
  10,
];
const NO_SCHEMA: Condition = [
  'The database has no schema to work in: none of those in search_path is there, or this user may use none of them. Create one (CREATE SCHEMA …), or correct search_path.',
  10,
];
const MISSING_TABLE: Condition = [
  'A table or a column of Latchkey is missing in the database, or lies in a schema that is not in search_path. Correct search_path, or restore a backup.',
  60,
];
const TABLE_TAKEN: Condition = [
  'Another program has a table, an index or a function in this schema with a name that Latchkey needs. Give Latchkey a database or a schema of its own.',
  60,
];
const DAMAGED: Condition = [
  "The database is damaged. Look into the server's log, and restore a backup.",
  60,
];

/** By SQLSTATE, or by its class. @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CONDITIONS: Readonly<Record<string, Condition>> = {
  '08': ['The connection to the database was lost. Try again.', 1],
  '28': REFUSED,
  '28P01': WRONG_PASSWORD,
  '3D000': UNKNOWN_DATABASE,
  '3F000': NO_SCHEMA,
  '42501': FORBIDDEN,
  '42P01': MISSING_TABLE,
  '42703': MISSING_TABLE,
  '42P07': TABLE_TAKEN,
  '42723': TABLE_TAKEN,
  '42710': TABLE_TAKEN,
  '25006': [
    "The database is read-only: a standby, or default_transaction_read_only is on. Name the primary server in the database's URL.",
    5,
  ],
  '25P03': SLOW,
  '53100': [
    "The disk under the database is full. Free some space on the database's server; nothing needs a restart.",
    10,
  ],
  '53300': [
    'The database has no connection left. Raise its max_connections, or lower pool_size in the URL of each node.',
    1,
  ],
  '53': [
    'The database has run out of memory or another resource. Give it more, or reduce its load.',
    5,
  ],
  '55P03': SLOW,
  '57014': SLOW,
  '57': AWAY,
  '58': ["The disk under the database reported an error. Look into the server's log.", 10],
  XX001: DAMAGED,
  XX002: DAMAGED,
};

/** Serialization failure, deadlock, a statement that a pooler prepared on another server connection. */
const RETRYABLE_CODES = new Set(['40001', '40P01', '26000']);

/**
 * What a failed statement or connection means for the caller. The server's message may quote values of the statement,
 * so no part of it becomes part of ours.
 */
export function toStoreError(error: unknown): Error {
  // The driver throws errors of many kinds for broken connections, timeouts and TLS.
  if (!(error instanceof pg.DatabaseError)) {
    if (error instanceof RangeError) return error;
    const problem = 'The database does not answer. Try again.';
    return new StoreUnavailable(problem, { cause: error });
  }
  const { code = '', constraint } = error;
  if (code === '23505' && constraint !== undefined) return new UniqueViolation(constraint);
  const retry = 'The database could not do this just now. Try again.';
  // The server detects this before it executes anything.
  if (code === '0A000' && error.routine === 'RevalidateCachedQuery') return new StalePlan(retry);
  if (RETRYABLE_CODES.has(code)) return new NothingDone(retry);
  const condition = findCondition(error);
  if (condition === undefined) {
    return new Error(`The store could not do this: the database answered with error ${code}.`);
  }
  const [problem, retryAfter] = condition;
  return new StoreUnavailable(problem, { retryAfter, cause: new Error(`SQLSTATE ${code}`) });
}

function findCondition({ code = '', routine }: pg.DatabaseError): Condition | undefined {
  // One code stands for a missing entry in pg_hba.conf and for a missing role, and messages are translated.
  if (code === '28000' && routine === 'InitializeSessionUserId') return UNKNOWN_ROLE;
  return CONDITIONS[code] ?? CONDITIONS[code.slice(0, 2)];
}
