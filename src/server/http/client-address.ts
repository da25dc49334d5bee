import { BlockList, isIP } from 'node:net';

const WITH_PORT = /^(?:\[([^\]]*)\](?::\w{1,16})?|([\d.]+):\w{1,16})$/;
/** The zone names an interface of the proxy's own machine. @see RFC 4007 section 11 */
const ZONE = /%[\w.%~-]{1,64}$/;
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * Reads an address as a socket or a proxy gives it: `203.0.113.9`, `203.0.113.9:4711`, `[2001:db8::1]:443`,
 * `"[2001:db8::1]"`, `::ffff:203.0.113.9`. An address has one spelling after that: IPv4 where it is mapped into
 * IPv6, otherwise the shortest, without port, brackets and zone.
 * @returns null for what is not an address, such as `unknown`
 * @see RFC 7239 section 6, RFC 5952
 */
export function parseAddress(text: string | undefined): string | null {
  const bare = (text ?? '').trim().replace(/^"(.*)"$/, '$1');
  const [, ipv6, ipv4] = WITH_PORT.exec(bare) ?? [];
  const address = ipv6 ?? ipv4 ?? bare;
  if (isIP(address) === 4) return ipv6 === undefined ? address : null;
  const zoneless = address.replace(ZONE, '');
  // Node.js takes more for a zone than there is, and the URL parser takes none.
  return isIP(zoneless) === 6 && !zoneless.includes('%') ? shorten(zoneless) : null;
}

function shorten(ipv6: string): string {
  const short = new URL(`http://[${ipv6}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/**
 * Tells the proxies that are believed about the client's address. Fastify's own test knows neither ports nor
 * brackets, and would take such a proxy for the client.
 * @param proxies addresses and networks: `10.0.0.2`, `fd00::/8`
 */
export function createProxyTest(proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [network = '', prefix] = proxy.split('/');
    const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
    list.addSubnet(network, Number(prefix ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return (text) => {
    const address = parseAddress(text);
    if (address === null) return false;
    if (isIP(address) === 6) return list.check(address, 'ipv6');
    // A network may be written in the mapped form too.
    return list.check(address, 'ipv4') || list.check(`::ffff:${address}`, 'ipv6');
  };
}
