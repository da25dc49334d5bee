import { findNearest } from '../../kernel/options/did-you-mean.ts';
import { quote, type Refuse } from '../setting-error.ts';

/** Judges the value of one parameter. What passes is used as libpq means it. */
type Check = (text: string, refuse: Refuse) => void;

const any: Check = () => {};

function oneOf(...values: readonly string[]): Check {
  return (text, refuse) => {
    if (values.includes(text)) return;
    const meant = findNearest(text, values);
    refuse(
      `is ${quote(text)}, which is not one of ${values.join(', ')}.`,
      meant === undefined ? 'Write one of these.' : `Did you mean ${meant}?`,
    );
  };
}

/** A parameter of which only the values that change nothing are accepted. */
function only(values: readonly string[], problem: string, fix: string): Check {
  return (text, refuse) => {
    if (!values.includes(text)) refuse(problem, fix);
  };
}

function never(problem: string, fix: string): Check {
  return (_text, refuse) => refuse(problem, fix);
}

const positive: Check = (text, refuse) => {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    refuse(
      `is ${quote(text)}, which is not a whole number above 0.`,
      'Give such a number, or remove it.',
    );
  }
};

const port: Check = (text, refuse) => {
  if (!/^[1-9]\d{0,4}$/.test(text) || Number(text) > 65_535) {
    refuse(`is ${quote(text)}, which is not a port.`, 'Give one whole number from 1 to 65535.');
  }
};

const host: Check = (text, refuse) => {
  if (text.includes(',')) {
    refuse(
      'names several hosts, and Latchkey connects to one.',
      'Give the name or address that always leads to the primary server.',
    );
  }
  if (text.startsWith('@')) {
    refuse('names an abstract socket.', 'Give the folder of the socket: /var/run/postgresql');
  }
};

const NOT_BY_NODE = 'cannot be set by Node.js.';
const NO_KERBEROS = 'asks for GSSAPI, which Latchkey does not speak.';
const useSslmode =
  'Write sslmode=verify-full, or sslmode=require to encrypt without a check of the server.';

const writes: Check = (text, refuse) => {
  oneOf('any', 'read-write', 'primary', 'read-only', 'standby', 'prefer-standby')(text, refuse);
  if (/read-only|standby/.test(text)) {
    refuse(
      `is ${quote(text)}, and Latchkey writes.`,
      'Name the primary server, and write primary or read-write.',
    );
  }
};

/**
 * The parameters of a connection: those that libpq documents, and Latchkey's own. One that cannot be
 * honoured is refused, because dropping it in silence could, for example, switch encryption off.
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 */
const checks = {
  // Latchkey's own.
  pool_size: positive,
  statement_timeout: positive,
  // Where, and who.
  host,
  port,
  dbname: any,
  user: any,
  password: any,
  hostaddr: never('is not supported.', 'Give the address as the host.'),
  passfile: never('cannot be given here.', 'Set PGPASSFILE in the environment.'),
  service: never('is not supported.', 'Write host, port, user and database of that service.'),
  target_session_attrs: writes,
  load_balance_hosts: only(['disable'], 'needs several hosts.', 'Remove it.'),
  // The session.
  application_name: any,
  fallback_application_name: any,
  options: any,
  client_encoding: only(
    ['auto', 'UTF8', 'utf8', 'UTF-8', 'utf-8', 'UNICODE', 'unicode'],
    'is not UTF8, the only encoding that holds every text.',
    'Remove it.',
  ),
  replication: only(
    ['false', 'off', 'no', '0'],
    'asks for a replication connection.',
    'Remove it: Latchkey needs an ordinary one.',
  ),
  min_protocol_version: only(['3.0'], 'asks for a protocol newer than 3.0.', 'Remove it.'),
  max_protocol_version: any,
  // The network.
  connect_timeout: positive,
  keepalives: oneOf('0', '1'),
  keepalives_idle: positive,
  keepalives_interval: never(NOT_BY_NODE, 'Set net.ipv4.tcp_keepalive_intvl of the machine.'),
  keepalives_count: never(NOT_BY_NODE, 'Set net.ipv4.tcp_keepalive_probes of the machine.'),
  tcp_user_timeout: never(
    NOT_BY_NODE,
    'Remove it; statement_timeout bounds how long a call waits.',
  ),
  // TLS.
  sslmode: oneOf('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'),
  ssl: only(['true'], 'is not a parameter of PostgreSQL with this value.', useSslmode),
  requiressl: only(['0'], 'is a name of the past.', useSslmode),
  sslnegotiation: oneOf('postgres', 'direct'),
  sslcompression: only(['0'], 'asks for compression, which is not safe within TLS.', 'Remove it.'),
  sslrootcert: any,
  sslcert: any,
  sslkey: any,
  sslpassword: any,
  sslcrl: any,
  sslcrldir: never('is not supported.', 'Put the lists into one file and name it as sslcrl.'),
  sslcertmode: only(['allow'], 'is not supported.', 'Give sslcert and sslkey, or leave them out.'),
  sslsni: only(['1'], 'cannot be switched off.', 'Remove it.'),
  sslkeylogfile: never('would write the keys of all connections to a file.', 'Remove it.'),
  ssl_min_protocol_version: oneOf('TLSv1.2', 'TLSv1.3'),
  ssl_max_protocol_version: oneOf('TLSv1.2', 'TLSv1.3'),
  uselibpqcompat: only(
    ['true'],
    'is off, and sslmode always means what libpq says.',
    'Write sslmode=verify-full to check the certificate and the name of the server.',
  ),
  // Proofs of identity.
  channel_binding: oneOf('disable', 'prefer', 'require'),
  require_auth: never(
    'is not supported.',
    'Write channel_binding=require, which accepts SCRAM within TLS alone.',
  ),
  requirepeer: never(
    'is not supported.',
    'Put the socket into a folder that only the server can write.',
  ),
  scram_client_key: never('is not supported.', 'Give the password.'),
  scram_server_key: never('is not supported.', 'Give the password.'),
  gssencmode: only(['disable', 'prefer'], NO_KERBEROS, 'Write sslmode=verify-full instead.'),
  krbsrvname: never(NO_KERBEROS, 'Give a password or a client certificate.'),
  gsslib: never(NO_KERBEROS, 'Remove it.'),
  gssdelegation: only(['0'], NO_KERBEROS, 'Remove it.'),
} as const satisfies Readonly<Record<string, Check>>;

export type ParameterName = keyof typeof checks;

/** What other drivers call things, and how to say them here. */
const otherNames: Readonly<Record<string, string>> = {
  schema: 'Write options=-c%20search_path%3DNAME, with the name of your schema for NAME.',
  search_path: 'Write options=-c%20search_path%3DNAME, with the name of your schema for NAME.',
  currentschema: 'Write options=-c%20search_path%3DNAME, with the name of your schema for NAME.',
  tls: useSslmode,
  sslrequire: useSslmode,
  encrypt: useSslmode,
  sslfactory: useSslmode,
  database: 'Write the database as the path of the URL, or as dbname.',
  db: 'Write the database as the path of the URL, or as dbname.',
  username: 'Write the user before the host of the URL, or as user.',
  connection_limit: 'Write pool_size.',
  max: 'Write pool_size.',
  pool_timeout: 'Write connect_timeout, in seconds.',
  socket_timeout: 'Write statement_timeout, in milliseconds.',
  pgbouncer: 'Remove it: Latchkey uses prepared statements, which PgBouncer 1.21 and newer knows.',
  sslidentity: 'Write sslcert and sslkey, as PEM files.',
};

function isKnown(name: string): name is ParameterName {
  return Object.hasOwn(checks, name);
}

/**
 * @param isShown whether a refusal may quote the name: it may be a part of a password
 * @returns the name, if it is one that Latchkey knows
 * @throws what `refuse` throws, with the nearest name
 */
export function parseParameterName(name: string, isShown: boolean, refuse: Refuse): ParameterName {
  if (isKnown(name)) return name;
  const other = Object.entries(otherNames).find(([it]) => it === name.toLowerCase())?.[1];
  const names = Object.keys(checks);
  const meant = findNearest(name, names);
  return refuse(
    isShown
      ? `has a parameter ${name} that Latchkey does not know.`
      : 'has a parameter that Latchkey does not know. If a password has ?, & or # in it, write %3F, %26 or %23.',
    other ??
      (meant === undefined
        ? 'Remove it; docs/guide.md lists the parameters.'
        : `Did you mean ${meant}?`),
  );
}

/** @throws what `refuse` throws, when the value cannot be honoured */
export function checkParameter(name: ParameterName, text: string, refuse: Refuse): void {
  if (text === '') refuse('is empty.', 'Give it a value, or remove it.');
  // A NUL would end the text within the protocol; the others are slips of copying.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\x00-\x1f\x7f]/.test(text)) refuse('has a control character in it.', 'Remove it.');
  checks[name](text, refuse);
}
