import { isLoopback } from '../../kernel/encoding/loopback.ts';

/** Names of the two cookies, without the `__Host-` that https adds. Letters, digits, `_` and `-`; 64 at most. */
export interface CookieNames {
  /** The cookie of the access token. Default `latchkey_access`, with the issuer's port and path if they are unusual. */
  readonly access?: string;
  /** The cookie of the refresh token. Default `latchkey_refresh`, with the issuer's port and path if they are unusual. */
  readonly refresh?: string;
}

/** The names of a server's cookies, as they are sent. */
export interface ResolvedCookieNames {
  /** The name of the cookie with the access token. */
  readonly access: string;
  /** The name of the cookie with the refresh token. */
  readonly refresh: string;
  /** The default names of earlier versions, if the names of this server are different now. */
  readonly former: Partial<Record<keyof typeof DEFAULTS, string>>;
}

const DEFAULTS = { access: 'latchkey_access', refresh: 'latchkey_refresh' } as const;

/** The default port of a server on a loopback address. */
const DEFAULT_LOCAL_PORT = '8000';

/**
 * Browsers share cookies between all ports of a host, and `__Host-` cookies between all paths. So the default names
 * contain the issuer's port and path, which tell two servers on one host apart. Every guard derives the same names from
 * the issuer.
 * @param issuer undefined: the names contain no port and no path
 * @throws {TypeError} for names that are not cookie names
 */
export function resolveCookieNames(
  issuer: string | undefined,
  names: CookieNames = {},
): ResolvedCookieNames {
  // Without an issuer, https is assumed.
  const prefix = issuer?.startsWith('http:') === true ? '' : '__Host-';
  const suffix = issuer === undefined ? '' : createSuffix(issuer);
  const former: { access?: string; refresh?: string } = {};
  const resolve = (kind: keyof typeof DEFAULTS) => {
    const given = names[kind];
    if (given !== undefined) return prefix + parseName(given);
    if (suffix !== '') former[kind] = prefix + DEFAULTS[kind];
    return prefix + DEFAULTS[kind] + suffix;
  };
  const access = resolve('access');
  const refresh = resolve('refresh');
  if (access === refresh) throw new TypeError('cookies: give the two different names.');
  return { access, refresh, former };
}

/**
 * The name of another cookie of a server, as it is sent: with the prefix and the suffix of the names above.
 * @param base such as `latchkey_device`
 */
export function nameCookie(issuer: string, base: string): string {
  return (issuer.startsWith('http:') ? '' : '__Host-') + base + createSuffix(issuer);
}

/**
 * `_8001` for a port, `-tenants-acme` for a path, nothing for the usual port without a path. No two servers on one host
 * have the same suffix: `-` stands for a slash and nothing else.
 */
function createSuffix(issuer: string): string {
  const url = URL.parse(issuer);
  if (url === null) return '';
  const schemePort = url.protocol === 'http:' ? '80' : '443';
  const port = url.port === '' ? schemePort : url.port;
  const usualPort =
    url.protocol === 'http:' && isLoopback(url.hostname) ? DEFAULT_LOCAL_PORT : schemePort;
  const path = url.pathname
    .replace(/\/+$/, '')
    .replace(/[^A-Za-z0-9/]/g, (character) => `_${character.charCodeAt(0).toString(16)}`)
    .replaceAll('/', '-');
  return (port === usualPort ? '' : `_${port}`) + path;
}

function parseName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new TypeError(`cookies: "${name}" is not a cookie name. Use letters, digits, _ and -.`);
}
