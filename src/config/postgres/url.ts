import type { Refuse } from '../setting-error.ts';
import { checkParameter, type ParameterName, parseParameterName } from './parameters.ts';

/** The parameters of a connection, by name. */
export type PostgresParameters = ReadonlyMap<ParameterName, string>;

const FORM =
  'Give postgres://user:password@host:5432/database, with special characters of the password as %XX.';

/** A URL without a host, as is allowed where `host=` names a socket. URL parsers require a host. */
const WITHOUT_HOST = /^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?]|$)/;

/** The URL as WHATWG defines it. Undefined if it is not valid. */
function findPostgresUrl(text: string): URL | undefined {
  if (!/^postgres(ql)?:\/\//.test(text)) return undefined;
  return URL.parse(text.replace(WITHOUT_HOST, '$1localhost')) ?? undefined;
}

/**
 * Reads `postgres://user:password@host:port/database?name=value`.
 * @throws what `refuse` throws: for a parameter that is unknown, given twice, or cannot be honoured
 */
export function parsePostgresUrl(text: string, refuse: Refuse): PostgresParameters {
  const authority = /^postgres(?:ql)?:\/\/([^/?#]*)/.exec(text)?.[1] ?? '';
  if (authority.slice(authority.lastIndexOf('@') + 1).includes(',')) {
    checkParameter('host', ',', refuseParameter('host', refuse));
  }
  const url = findPostgresUrl(text) ?? refuse('is not a URL.', FORM);
  if (url.hash !== '' || text.endsWith('#')) {
    refuse('has a # in it, which ends a URL.', 'Write %23 for it.');
  }
  const found = new Map<ParameterName, string>();
  const add = (name: ParameterName, value: string) => {
    if (found.has(name)) {
      refuse(`gives ${name} twice.`, 'Remove one of them.');
    }
    checkParameter(name, value, refuseParameter(name, refuse));
    found.set(name, value);
  };
  const socket = url.searchParams.get('host')?.startsWith('/') === true;
  const parts = {
    user: url.username,
    password: url.password,
    // A socket is on this machine, so localhost says the same, and is often written.
    host: socket && url.hostname === 'localhost' ? '' : url.hostname.replace(/^\[(.+)\]$/, '$1'),
    port: url.port,
    dbname: url.pathname.slice(1),
  };
  for (const [name, value] of Object.entries(parts)) {
    if (value === '') continue;
    const decoded = decode(value) ?? refuse('has a % that begins no %XX.', 'Write %25 for it.');
    add(name as keyof typeof parts, decoded);
  }
  if (WITHOUT_HOST.test(text)) found.delete('host');
  for (const [name, value] of url.searchParams) {
    // A name without a value may be what follows an & or a ? within a password: it is not quoted.
    const isShown = value !== '' && /^[\w.-]{1,40}$/.test(name);
    add(parseParameterName(name, isShown, refuse), value);
  }
  return found;
}

function refuseParameter(name: string, refuse: Refuse): Refuse {
  return (problem, fix) => refuse(`the parameter ${name} ${problem}`, fix);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Whether the URL holds a password. */
export function holdsPassword(text: string): boolean {
  const url = findPostgresUrl(text);
  return (
    url !== undefined &&
    (url.password !== '' ||
      ['password', 'sslpassword', 'scram_client_key'].some((it) => url.searchParams.has(it)))
  );
}
