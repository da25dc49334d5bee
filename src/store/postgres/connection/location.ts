import { userInfo } from 'node:os';
import type { PoolConfig } from 'pg';
import { readPostgresConnection } from '../../../config/postgres/connection.ts';
import { BoundClient } from './bound-client.ts';
import { PostgresClient } from './client.ts';
import { createTlsOptions } from './tls.ts';

export interface PostgresStoreOptions {
  /**
   * `postgres://user:password@host:port/database?name=value`, with the parameters of libpq. What the URL
   * lacks is taken from `PGHOST`, `PGUSER`, `PGPASSWORD` and the other variables of libpq. A parameter
   * that is unknown, given twice or cannot be honoured is refused. `pool_size` and `statement_timeout`
   * (ms) are Latchkey's own; of these and of `connect_timeout` (seconds), the options below win.
   */
  readonly url: string;
  /** How many connections to hold at most; one more listens for revocations. Default: 10. */
  readonly poolSize?: number;
  /** How long a statement may take, in ms. Default: 3000. */
  readonly statementTimeoutMs?: number;
  /** How long to wait for a connection, be it a new one or one that becomes free, in ms. Default: 3000. */
  readonly connectTimeoutMs?: number;
  /** How many calls may wait for a connection before further ones are refused. Default: 10000. */
  readonly maxWaiting?: number;
  /** How long calls under way may take once the store is to be closed, in ms. Default: 5000. */
  readonly closeTimeoutMs?: number;
  /** How often the connection that listens for revocations is checked, in ms. Default: 15000. */
  readonly listenerCheckMs?: number;
  /** Where libpq's variables are read from. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface PostgresLocation {
  readonly connection: PoolConfig;
  /** The client that checks what the URL asks for. */
  readonly Client: typeof PostgresClient;
  /** Host and port, or the folder of the socket, to be shown at the start. */
  readonly place: string;
  readonly poolSize: number;
  /** ms */
  readonly statementTimeoutMs: number;
  /** ms */
  readonly connectTimeoutMs: number;
  /** ms */
  readonly closeTimeoutMs: number;
  readonly maxWaiting: number;
  readonly listenerCheckMs: number;
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

/**
 * Reads where and how to connect. Reads the files of certificates; where encryption is merely preferred,
 * asks the server whether it offers any, once: no later connection does without.
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
    // Complete, so that the driver reads neither URLs nor variables in its own way.
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
      types,
    },
  };
}
