import { isIP } from 'node:net';
import { splitList } from './network.ts';
import { quote, type Refuse } from './refuse.ts';
import { refuseStrayCharacters } from './stray-characters.ts';

function findWebUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

/**
 * The issuer: an absolute http or https URL, kept to the letter. It must be written as every parser
 * of URLs would write it, for verifiers compare it byte by byte.
 * @see RFC 8414 section 2
 */
export function parseIssuer(text: string, refuse: Refuse): string {
  refuseStrayCharacters(text, refuse);
  const url = findWebUrl(text);
  if (url === undefined) {
    return refuse(
      `${quote(text)} is not a web address.`,
      'Give the address at which clients reach this server, such as https://auth.example.com.',
    );
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('holds a name or a password.', 'Every token would show it. Leave it out.');
  }
  url.search = '';
  url.hash = '';
  const canonical = url.href.replace(/\/+$/, '');
  if (text !== canonical) {
    return refuse(
      `${quote(text)} is not written the one way that verifiers can compare.`,
      `Write ${canonical}, with no query, no fragment and no slash at the end.`,
    );
  }
  return text;
}

/** The address a server that listens here has for clients on the same machine. */
export function defaultIssuer(host: string, port: number): string {
  // Nobody can connect to "all networks".
  const isWildcard = host === '0.0.0.0' || /^[0:]+$/.test(host);
  const name = isWildcard ? 'localhost' : isIP(host) === 6 ? `[${host}]` : host;
  return new URL(`http://${name}:${port}`).origin;
}

/**
 * Origins whose scripts may read answers and send cookies, each exact.
 * @see https://fetch.spec.whatwg.org/#cors-protocol
 */
export function parseCorsOrigins(text: string, refuse: Refuse): string[] {
  const origins = splitList(text);
  for (const origin of origins) {
    refuseStrayCharacters(origin, refuse);
    if (origin.includes('*')) {
      refuse(
        `${quote(origin)} would let any web site act for your users.`,
        'Name each origin: https://app.example.com,http://localhost:3000.',
      );
    }
    const url = findWebUrl(origin);
    if (url === undefined) {
      refuse(
        `${quote(origin)} is not an origin.`,
        'Give scheme and host, and the port if it has one: https://app.example.com,http://localhost:3000.',
      );
    }
    if (url.origin !== origin) {
      refuse(`${quote(origin)} is not what a browser sends.`, `Write ${url.origin}.`);
    }
  }
  return origins;
}
