import { isIP } from 'node:net';
import { quote, type Refuse } from '../setting-error.ts';

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** An address or name to listen on, without brackets. */
export function parseHost(text: string, refuse: Refuse): string {
  const lookedLikeIp = /^[\d.]+$/.test(text) || text.includes(':');
  if (lookedLikeIp ? isIP(text) !== 0 && !text.includes('%') : HOST_NAME.test(text)) return text;
  return refuse(
    `${quote(text)} is not an address to listen on.`,
    'Give an IP address (an IPv6 one without brackets) or a host name, no port and no scheme: 127.0.0.1 for this machine only, 0.0.0.0 for all networks.',
  );
}

/** With 0 the operating system chooses a free port. */
export function parsePort(text: string, refuse: Refuse): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  return refuse(`${quote(text)} is not a port.`, 'Give a whole number from 0 to 65535.');
}

function assertProxy(text: string, refuse: Refuse): void {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  if (bits === 0 || address.includes('%') || !isPrefix || rest.length > 0) {
    refuse(
      `${quote(text)} is not an address.`,
      'Give the addresses of the proxies in front: 127.0.0.1,10.0.0.0/8.',
    );
  }
  if (Number(prefix ?? bits) === 0) refuseAnySender(text, refuse);
}

/** The attack: if every sender is trusted, a client can write any address into `X-Forwarded-For`. */
function refuseAnySender(text: string, refuse: Refuse): never {
  return refuse(
    `${quote(text)} would believe every client about its own address.`,
    'Give the addresses of the proxies in front: 127.0.0.1,10.0.0.0/8.',
  );
}

/**
 * The proxies that are believed about the client's address, by address and network; false: none. A number of proxies
 * is not accepted: with a number, a client that reaches the server without the proxy would be believed.
 */
export function parseTrustProxy(text: string, refuse: Refuse): false | string[] {
  if (text === '' || text === 'false') return false;
  if (/^(true|yes|on|all|\*)$/i.test(text)) return refuseAnySender(text, refuse);
  const proxies = splitList(text);
  for (const proxy of proxies) assertProxy(proxy, refuse);
  return proxies;
}

/** The parts between commas, without the space around them and without duplicates. */
export function splitList(text: string): string[] {
  return text === '' ? [] : [...new Set(text.split(',').map((part) => part.trim()))];
}
