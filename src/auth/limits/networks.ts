import { BlockList, isIP } from 'node:net';

/** The networks that failures of an address count for. */
export interface Networks {
  /** The IPv4 address, or the IPv6 /64. */
  readonly address: string;
  /** The IPv6 /48; undefined for IPv4. */
  readonly site: string | undefined;
}

const GROUPS = 8;
const GROUPS_OF_ADDRESS = 4;
const GROUPS_OF_SITE = 3;

/** @see RFC 1918, RFC 3927, RFC 4193, RFC 4291 section 2.5, RFC 6598 */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::/127',
  'fc00::/7',
  'fe80::/10',
];

let privateNetworks: BlockList | undefined;

/** Whether an address is loopback or private: behind a proxy that is not named, it is everybody's. */
export function isPrivateAddress(address: string): boolean {
  privateNetworks ??= createList(PRIVATE);
  return privateNetworks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Finds the networks of a client. The attack: a client with one IPv6 address has 2^64 of them, and often
 * 65,536 networks of that size.
 * @param address without port, brackets and zone
 * @returns undefined for what is not an address
 */
export function findNetworks(address: string): Networks | undefined {
  if (isIP(address) === 4) return { address, site: undefined };
  if (isIP(address) !== 6) return undefined;
  const groups = expand(address);
  const cut = (count: number) => `${groups.slice(0, count).join(':')}::/${count * 16}`;
  return { address: cut(GROUPS_OF_ADDRESS), site: cut(GROUPS_OF_SITE) };
}

/** The eight groups of an IPv6 address, without leading zeros. */
function expand(address: string): string[] {
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = '', after] = short.split('::');
  const head = before === '' ? [] : before.split(':');
  if (after === undefined) return head;
  const tail = after === '' ? [] : after.split(':');
  const zeros = Array.from({ length: GROUPS - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail];
}

function createList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [start = '', prefix = ''] = network.split('/');
    list.addSubnet(start, Number(prefix), isIP(start) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
