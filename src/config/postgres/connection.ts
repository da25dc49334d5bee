import { InvalidSetting } from '../../kernel/errors.ts';
import type { Refuse } from '../setting-error.ts';
import { readEnvironment } from './environment.ts';
import type { ParameterName } from './parameters.ts';
import { type PostgresTls, parsePostgresTls } from './tls.ts';
import { parsePostgresUrl } from './url.ts';

/** How to connect, from the URL and, for what that does not say, the environment. */
export interface PostgresConnection {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  /** Undefined: the user who runs this process. */
  readonly user: string | undefined;
  /** Undefined: none is given, and the driver looks into `~/.pgpass`. */
  readonly password: string | undefined;
  /** Undefined: the one with the user's name. */
  readonly database: string | undefined;
  readonly applicationName: string;
  /** Settings of the session, as the command line of a server has them. */
  readonly options: string | undefined;
  /** Undefined: as the store sets it. */
  readonly poolSize: number | undefined;
  /** ms; undefined: as the store sets it. */
  readonly statementTimeoutMs: number | undefined;
  /** ms; undefined: as the store sets it. */
  readonly connectTimeoutMs: number | undefined;
  /** ms of silence before the first probe; undefined: no probes. */
  readonly keepAliveMs: number | undefined;
  readonly channelBinding: 'disable' | 'prefer' | 'require';
  /** Undefined: not encrypted. */
  readonly tls: PostgresTls | undefined;
}

const label = 'LATCHKEY_DATABASE_URL';

/**
 * Reads where and how to connect. Opens no file and no connection.
 * @param env for `PGHOST`, `PGSSLMODE` and the other variables of libpq
 * @throws {InvalidSetting} naming the URL or the variable: nothing that is given is dropped
 */
export function readPostgresConnection(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): PostgresConnection {
  const refuse: Refuse = (problem, fix) => {
    throw new InvalidSetting(label, problem, fix);
  };
  const fromUrl = parsePostgresUrl(url, refuse);
  const fromEnv = readEnvironment(env, new Set(fromUrl.keys()));
  const all = new Map([...fromEnv, ...fromUrl]);
  const count = (name: ParameterName) => (all.has(name) ? Number(all.get(name)) : undefined);
  const seconds = count('connect_timeout');
  const host = all.get('host') ?? 'localhost';
  const tls = parsePostgresTls({ fromUrl, fromEnv }, host, refuse);
  return {
    host,
    port: count('port') ?? 5432,
    user: all.get('user'),
    password: all.get('password'),
    database: all.get('dbname'),
    applicationName:
      all.get('application_name') ?? all.get('fallback_application_name') ?? 'latchkey',
    options: all.get('options'),
    poolSize: count('pool_size'),
    statementTimeoutMs: count('statement_timeout'),
    connectTimeoutMs: seconds === undefined ? undefined : seconds * 1000,
    keepAliveMs:
      all.get('keepalives') === '0' ? undefined : (count('keepalives_idle') ?? 10) * 1000,
    channelBinding: readBinding(all.get('channel_binding'), tls, refuse),
    tls,
  };
}

function readBinding(
  text: string | undefined,
  tls: PostgresTls | undefined,
  refuse: Refuse,
): PostgresConnection['channelBinding'] {
  if (text !== 'require') return text === 'prefer' ? text : 'disable';
  if (tls === undefined || tls.mode === 'prefer') {
    refuse(
      'the parameter channel_binding is require, and the connection need not be encrypted.',
      'Add sslmode=verify-full.',
    );
  }
  return 'require';
}
