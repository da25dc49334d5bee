import type { Refuse } from '../setting-error.ts';
import type { ParameterName } from './parameters.ts';
import type { PostgresParameters } from './url.ts';

type Version = 'TLSv1.2' | 'TLSv1.3';

/** How the connection is encrypted. Paths are as they were given. */
export interface PostgresTls {
  /**
   * - `prefer`: encrypted where the server offers it; the server is not checked.
   * - `require`: encrypted; the server is not checked.
   * - `verify-ca`: the server's certificate is checked, and not its name.
   * - `verify-full`: both are checked.
   */
  readonly mode: 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** A file of authorities; undefined: those that Node.js trusts. */
  readonly rootCert: string | undefined;
  /** The client's own certificate. */
  readonly client:
    | { readonly cert: string; readonly key: string; readonly password: string | undefined }
    | undefined;
  /** A file of revoked certificates. */
  readonly revoked: string | undefined;
  readonly minVersion: Version | undefined;
  readonly maxVersion: Version | undefined;
  /** `direct`: TLS from the first byte, for PostgreSQL 17 and newer. */
  readonly negotiation: 'postgres' | 'direct';
}

/** Each of these asks for an encrypted connection. */
const impliesTls: readonly ParameterName[] = [
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
  'sslcrl',
  'ssl_min_protocol_version',
  'ssl_max_protocol_version',
];

interface Sources {
  readonly fromUrl: PostgresParameters;
  readonly fromEnv: PostgresParameters;
}

/** @returns undefined for a connection without encryption */
export function parsePostgresTls(
  { fromUrl, fromEnv }: Sources,
  host: string,
  refuse: Refuse,
): PostgresTls | undefined {
  const all = new Map([...fromEnv, ...fromUrl]);
  const mode = readMode({ fromUrl, fromEnv }, refuse);
  // A socket stays on this machine, and PostgreSQL has no TLS there.
  if (mode === undefined || host.startsWith('/')) return undefined;
  const rootCert = all.get('sslrootcert');
  if (rootCert === 'system' && mode !== 'verify-full') {
    refuse(
      'the parameter sslrootcert is system, and such an authority gives certificates to all owners of names.',
      'Write sslmode=verify-full, which checks the name too.',
    );
  }
  if (mode === 'verify-ca' && rootCert === undefined) {
    refuse(
      'the parameter sslmode is verify-ca, and sslrootcert names no authority.',
      'Add sslrootcert=<file>, or write sslmode=verify-full.',
    );
  }
  return {
    // As in libpq: an authority that is named is checked.
    mode: mode === 'require' && rootCert !== undefined ? 'verify-ca' : mode,
    rootCert: rootCert === 'system' ? undefined : rootCert,
    client: readClient(all, refuse),
    revoked: all.get('sslcrl'),
    ...readVersions(all, refuse),
    negotiation: readNegotiation(all, mode, refuse),
  };
}

function readMode({ fromUrl, fromEnv }: Sources, refuse: Refuse): PostgresTls['mode'] | undefined {
  const ssl = fromUrl.has('ssl') ? 'require' : undefined;
  const inUrl = fromUrl.get('sslmode');
  if (ssl !== undefined && inUrl !== undefined) {
    refuse('gives both ssl and sslmode.', 'Remove ssl.');
  }
  const given = inUrl ?? ssl;
  const implied = (from: PostgresParameters): ParameterName | undefined =>
    from.get('sslnegotiation') === 'direct'
      ? 'sslnegotiation'
      : impliesTls.find((name) => from.has(name));
  const extra = implied(fromUrl);
  if (extra !== undefined && (given === 'disable' || given === 'allow' || given === 'prefer')) {
    refuse(
      `the parameter ${extra} is of no use with sslmode=${given}, which may send everything unencrypted.`,
      `Write sslmode=verify-full, or remove ${extra}.`,
    );
  }
  const text =
    given ??
    (extra === undefined ? fromEnv.get('sslmode') : undefined) ??
    ((extra ?? implied(fromEnv)) === undefined ? 'disable' : 'verify-full');
  switch (text) {
    case 'disable':
      return undefined;
    case 'allow':
    case 'prefer':
      return 'prefer';
    case 'verify-ca':
    case 'verify-full':
      return text;
    default:
      return 'require';
  }
}

function readClient(all: PostgresParameters, refuse: Refuse): PostgresTls['client'] {
  const [cert, key] = [all.get('sslcert'), all.get('sslkey')];
  if (cert !== undefined && key !== undefined) {
    return { cert, key, password: all.get('sslpassword') };
  }
  if (cert !== undefined || key !== undefined) {
    refuse(
      'names only one of sslcert and sslkey.',
      "Name both: the client's certificate and its private key.",
    );
  }
  if (all.has('sslpassword')) {
    refuse('the parameter sslpassword opens no key.', 'Add sslcert and sslkey, or remove it.');
  }
  return undefined;
}

function readVersions(
  all: PostgresParameters,
  refuse: Refuse,
): Pick<PostgresTls, 'minVersion' | 'maxVersion'> {
  // These were checked: they are versions.
  const minVersion = all.get('ssl_min_protocol_version') as Version | undefined;
  const maxVersion = all.get('ssl_max_protocol_version') as Version | undefined;
  if (minVersion === 'TLSv1.3' && maxVersion === 'TLSv1.2') {
    refuse('asks for a TLS version that is both 1.3 or newer and 1.2 or older.', 'Remove one.');
  }
  return { minVersion, maxVersion };
}

function readNegotiation(
  all: PostgresParameters,
  mode: PostgresTls['mode'],
  refuse: Refuse,
): PostgresTls['negotiation'] {
  if (all.get('sslnegotiation') !== 'direct') return 'postgres';
  if (mode === 'prefer') {
    refuse(
      'the parameter sslnegotiation is direct, which needs TLS.',
      'Write sslmode=verify-full.',
    );
  }
  return 'direct';
}
