import { userInfo } from 'node:os';
import type { PoolConfig } from 'pg';
import { readPostgresConnection } from '../../../config/postgres/connection.ts';
import { BoundClient } from './bound-client.ts';
import { PostgresClient } from './client.ts';
import { createTlsOptions } from './tls.ts';

export interface PostgresStoreOptions {
  /**
   * `postgres://user:password@host:port/database?name=value`, with the parameters of libpq. Parts that the URL lacks
   * are read from `PGHOST`, `PGUSER`, `PGPASSWORD` and the other variables of libpq. A parameter is refused if it is
   * unknown, given twice or not supported. `pool_size` and `statement_timeout` (ms) are Latchkey's own. The options
   * below win over these two and over `connect_timeout` (seconds).
   */
  readonly url: string;
  /** The largest number of connections in the pool. One more connection listens for revocations. Default: 10. */
  readonly poolSize?: number;
  /** How long a statement may take, in ms. Default: 3000. */
  readonly statementTimeoutMs?: number;
  /** How long to wait for a connection, a new one or one that becomes free, in ms. Default: 3000. */
  readonly connectTimeoutMs?: number;
  /** How many calls may wait for a connection before further calls are refused. Default: 10000. */
  readonly maxWaiting?: number;
  /** How long calls in flight may still take when the store is closed, in ms. Default: 5000. */
  readonly closeTimeoutMs?: number;
  /** How often the connection that listens for revocations is checked, in ms. Default: 15000. */
  readonly listenerCheckMs?: number;
  /** Where libpq's variables are read from. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface PostgresLocation {
  readonly connection: PoolConfig;
  /** The client that makes the checks that the URL asks for. */
  readonly Client: typeof PostgresClient;
  /** Host and port, or the folder of the socket, for messages at the start. */
  readonly place: string;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly maxWaiting: number;
  readonly listenerCheckMs: number;
}

/** The ids of PostgreSQL's types int8, int2 and int4. */
const INTEGER_TYPES = new Set([20, 21, 23]);

/** Reads integers as numbers and all other values as text. @throws {RangeError} beyond 53 bits */
const TYPE_PARSERS: PoolConfig['types'] = {
  getTypeParser: (type: number) =>
    INTEGER_TYPES.has(type) ? parseInteger : (text: string) => text,
};

function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('A number in the database is too large.');
  return value;
}

/**
 * Reads where and how to connect, including the files of certificates. If encryption is only preferred, it asks the
 * server once whether it offers any. If it does, every later connection is encrypted.
 * @throws {InvalidSetting} @throws {StoreUnavailable}
 */
export async function readLocation(options: PostgresStoreOptions): Promise<PostgresLocation> {
  const read = readPostgresConnection(options.url, options.env ?? process.env);
  const { host, port, password, keepAliveMs } = read;
  const user = read.user ?? userInfo().username;
  const database = read.database ?? user;
  const connectTimeoutMs = options.connectTimeoutMs ?? read.connectTimeoutMs ?? 3_000;
  const { tls, channelBinding } = read;
  const ssl = tls !== undefined && (await createTlsOptions(tls, { host, port }, connectTimeoutMs));
  return {
    poolSize: options.poolSize ?? read.poolSize ?? 10,
    statementTimeoutMs: options.statementTimeoutMs ?? read.statementTimeoutMs ?? 3_000,
    connectTimeoutMs,
    closeTimeoutMs: options.closeTimeoutMs ?? 5_000,
    maxWaiting: options.maxWaiting ?? 10_000,
    listenerCheckMs: options.listenerCheckMs ?? 15_000,
    place: host.startsWith('/') ? host : `${host}:${port}`,
    Client: channelBinding === 'require' ? BoundClient : PostgresClient,
    // Complete, so that the driver reads neither the URL nor variables in its own way.
    connection: {
      host,
      port,
      user,
      database,
      ...(password === undefined ? {} : { password }),
      ...(read.options === undefined ? {} : { options: read.options }),
      application_name: read.applicationName,
      ssl,
      sslnegotiation: ssl !== false && tls?.negotiation === 'direct' ? 'direct' : 'postgres',
      enableChannelBinding: ssl !== false && channelBinding !== 'disable',
      keepAlive: keepAliveMs !== undefined,
      keepAliveInitialDelayMillis: keepAliveMs ?? 0,
      types: TYPE_PARSERS,
    },
  };
}
