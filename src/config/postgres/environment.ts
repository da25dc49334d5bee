import { InvalidSetting } from '../../kernel/errors.ts';
import { findNearest } from '../../kernel/options/did-you-mean.ts';
import type { Refuse } from '../setting-error.ts';
import { checkParameter, type ParameterName } from './parameters.ts';

/**
 * The environment variables of libpq. PGDATESTYLE, PGTZ, PGGEQO, PGSYSCONFDIR and PGLOCALEDIR are missing:
 * nothing in Latchkey depends on them. PGPASSFILE is read by the driver.
 * @see https://www.postgresql.org/docs/current/libpq-envars.html
 */
const variables: Readonly<Record<string, ParameterName>> = {
  PGHOST: 'host',
  PGHOSTADDR: 'hostaddr',
  PGPORT: 'port',
  PGDATABASE: 'dbname',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGREQUIREAUTH: 'require_auth',
  PGCHANNELBINDING: 'channel_binding',
  PGSERVICE: 'service',
  PGOPTIONS: 'options',
  PGAPPNAME: 'application_name',
  PGSSLMODE: 'sslmode',
  PGREQUIRESSL: 'requiressl',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGSSLCOMPRESSION: 'sslcompression',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGSSLCERTMODE: 'sslcertmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCRL: 'sslcrl',
  PGSSLCRLDIR: 'sslcrldir',
  PGSSLSNI: 'sslsni',
  PGREQUIREPEER: 'requirepeer',
  PGSSLMINPROTOCOLVERSION: 'ssl_min_protocol_version',
  PGSSLMAXPROTOCOLVERSION: 'ssl_max_protocol_version',
  PGGSSENCMODE: 'gssencmode',
  PGKRBSRVNAME: 'krbsrvname',
  PGGSSLIB: 'gsslib',
  PGGSSDELEGATION: 'gssdelegation',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGCLIENTENCODING: 'client_encoding',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
  PGLOADBALANCEHOSTS: 'load_balance_hosts',
  PGMINPROTOCOLVERSION: 'min_protocol_version',
  PGMAXPROTOCOLVERSION: 'max_protocol_version',
};

/**
 * Reads from the environment what the URL does not say about the connection. Unknown variables that begin with PG
 * belong to other programs, unless one was probably meant to encrypt the connection.
 * @throws {InvalidSetting} naming the variable
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  inUrl: ReadonlySet<ParameterName>,
): Map<ParameterName, string> {
  const found = new Map<ParameterName, string>();
  for (const [label, text] of Object.entries(env)) {
    // For libpq an empty variable is not set.
    if (text === undefined || text === '') continue;
    const refuse: Refuse = (problem, fix) => {
      throw new InvalidSetting(label, problem, fix);
    };
    const name = Object.hasOwn(variables, label) ? variables[label] : undefined;
    if (name === undefined) {
      if (/^pg_?ssl/i.test(label)) refuseTlsVariable(label, refuse);
      continue;
    }
    if (inUrl.has(name)) continue;
    checkParameter(name, text, refuse);
    found.set(name, text);
  }
  return found;
}

function refuseTlsVariable(label: string, refuse: Refuse): never {
  const known = Object.keys(variables).filter((it) => it.startsWith('PGSSL'));
  const meant = findNearest(label, known);
  return refuse(
    'is not a variable that PostgreSQL or Latchkey knows, and connections might not be encrypted as you mean.',
    meant === undefined
      ? `Remove it; these are known: ${known.join(', ')}.`
      : `Did you mean ${meant}?`,
  );
}
