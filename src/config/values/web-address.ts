import { isIP } from 'node:net';
import { isOrigin } from '../../kernel/encoding/web-origin.ts';
import { findNearest } from '../../kernel/options/did-you-mean.ts';
import { quote, type Refuse } from '../setting-error.ts';
import { splitList } from './network.ts';
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

/** The address of a server that listens there, for clients on the same machine. */
export function defaultIssuer(host: string, port: number): string {
  // A client cannot connect to "all networks".
  const isWildcard = host === '0.0.0.0' || /^[0:]+$/.test(host);
  const name = isWildcard ? 'localhost' : isIP(host) === 6 ? `[${host}]` : host;
  return new URL(`http://${name}:${port}`).origin;
}

/**
 * Origins whose scripts may read answers and send cookies, each exact: those of web pages, of apps and of
 * browser extensions.
 * @see https://fetch.spec.whatwg.org/#cors-protocol
 */
export function parseCorsOrigins(text: string, refuse: Refuse): string[] {
  const origins = splitList(text);
  for (const origin of origins) assertOrigin(origin, refuse);
  return origins;
}

function assertOrigin(origin: string, refuse: Refuse): void {
  refuseStrayCharacters(origin, refuse);
  if (origin.includes('*')) {
    refuse(
      `${quote(origin)} would let any web site act for your users.`,
      'Name each origin: https://app.example.com,http://localhost:3000.',
    );
  }
  if (/^(null|file:|data:|blob:|about:)/i.test(origin)) {
    refuse(
      `${quote(origin)} cannot be allowed: pages of any sender say "null" there.`,
      'Serve the page from a web address, https://app.example.com, or a scheme of the app, capacitor://localhost.',
    );
  }
  const [, scheme = ''] = /^([^:/]+):\/\//.exec(origin) ?? [];
  // A slip in "https" must not become an origin that no browser sends.
  const meant = /^https?$/.test(scheme) ? undefined : findNearest(scheme, ['https', 'http']);
  if (meant !== undefined) {
    refuse(`${quote(origin)} is not an origin.`, `Did you mean ${meant}://?`);
  }
  if (isOrigin(origin)) return;
  const sent = findSent(origin);
  if (sent !== undefined && sent !== origin) {
    refuse(`${quote(origin)} is not what a browser sends.`, `Write ${sent}.`);
  }
  refuse(
    `${quote(origin)} is not an origin.`,
    'Give scheme and host, and the port if it has one: https://app.example.com,http://localhost:3000,capacitor://localhost.',
  );
}

/** What a browser sends for a page at this address. */
function findSent(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || url.host === '') return undefined;
  const origin = url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin;
  return isOrigin(origin) ? origin : undefined;
}
