import type { PoolConfig } from 'pg';
import { InvalidSetting } from '../../errors.ts';

export interface PostgresStoreOptions {
  /**
   * `postgres://user:password@host:port/database`. What it lacks is taken from `PGHOST`, `PGUSER`,
   * `PGPASSWORD` and their kin. Among its parameters:
   *
   * - `sslmode`: `verify-full` encrypts and checks the server's certificate, by the system's
   *   authorities or `sslrootcert=<file>`; `no-verify` encrypts and trusts anybody; `disable` and no
   *   sslmode at all do not encrypt. `sslcert` and `sslkey` name a client's certificate.
   * - `pool_size`, `statement_timeout` (ms) and `connect_timeout` (seconds): see the options, which win.
   * - `application_name`: what the server lists these connections as. Default: `latchkey`.
   */
  readonly url: string;
  /** How many connections to hold at most; one more listens for revocations. Default: 10. */
  readonly poolSize?: number;
  /** How long a statement may take, in ms. Default: 3000. */
  readonly statementTimeout?: number;
  /** How long to wait for a connection, be it a new one or one that becomes free, in ms. Default: 3000. */
  readonly connectTimeout?: number;
  /** How many calls may wait for a connection before further ones are refused. Default: 10000. */
  readonly maxWaiting?: number;
}

export interface PostgresLocation {
  readonly connection: PoolConfig;
  readonly poolSize: number;
  /** ms */
  readonly statementTimeout: number;
  /** ms */
  readonly connectTimeout: number;
  readonly maxWaiting: number;
}

/** Type identifiers of PostgreSQL: int8, int2, int4. */
const integers = new Set([20, 21, 23]);

/** Integers as numbers, and all else as the text that it is. @throws {RangeError} beyond 53 bits */
const types: PoolConfig['types'] = {
  getTypeParser: (type: number) => (integers.has(type) ? parseInteger : (text: string) => text),
};

function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('A number in the database is too great.');
  return value;
}

/** @throws {InvalidSetting} */
export function readLocation(options: PostgresStoreOptions): PostgresLocation {
  const url = new URL(options.url);
  const take = (name: string): number | undefined => {
    const text = url.searchParams.get(name);
    url.searchParams.delete(name);
    if (text === null) return undefined;
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw new InvalidSetting(
      'LATCHKEY_DATABASE_URL',
      `has a ${name} that is no whole number above 0.`,
      `Give one, or leave ${name} out.`,
    );
  };
  const [poolSize, statementTimeout] = [take('pool_size'), take('statement_timeout')];
  const connectTimeout = take('connect_timeout');
  return {
    poolSize: options.poolSize ?? poolSize ?? 10,
    statementTimeout: options.statementTimeout ?? statementTimeout ?? 3_000,
    connectTimeout: options.connectTimeout ?? (connectTimeout ?? 3) * 1_000,
    maxWaiting: options.maxWaiting ?? 10_000,
    connection: {
      connectionString: url.href,
      fallback_application_name: 'latchkey',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types,
    },
  };
}
