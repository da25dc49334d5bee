import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.ts';
import { isLoopback } from '../kernel/encoding/loopback.ts';
import { logNotice } from './http/errors/host-log.ts';

type Address = ReturnType<FastifyInstance['addresses']>[number];

/**
 * Warns the operator if the app listens elsewhere than at its issuer, as after `app.listen({ port: 4000 })`: the
 * issuer follows from the settings, and only Fastify knows where it listens.
 */
export function noticeOtherAddress(app: FastifyInstance, settings: Settings): void {
  app.addHook('onListen', (done) => {
    // Told by a method of TLS servers: naming their class would load `node:tls` at every start.
    const scheme = 'setSecureContext' in app.server ? 'https' : 'http';
    const text = describeOtherAddress(app.addresses(), scheme, settings);
    if (text !== undefined) logNotice(app.log, { level: 'warning', text });
    done();
  });
}

function describeOtherAddress(
  addresses: readonly Address[],
  scheme: 'http' | 'https',
  { issuer, defaulted }: Settings,
): string | undefined {
  const { protocol, hostname, port } = new URL(issuer);
  const issuerPort = Number(port || (protocol === 'https:' ? 443 : 80));
  const ports = addresses.map((it) => (typeof it === 'object' ? it.port : undefined));
  if (`${scheme}:` === protocol && ports.includes(issuerPort)) return undefined;
  const isDefault = defaulted.has('issuer');
  if (!isDefault && !(isLoopback(hostname) && addresses.every(isLocal))) return undefined;
  const place = describe(addresses[0], scheme);
  const origin = isDefault ? ', which follows from the settings host and port' : '';
  const fix = isDefault
    ? 'Set LATCHKEY_ISSUER, or the option issuer, to the address that clients use; or listen on the port of the settings.'
    : 'Give one of them the port of the other, unless a proxy on this machine listens at the issuer.';
  return (
    `The app listens on ${place}, but its issuer is ${issuer}${origin}. Tokens and metadata name the issuer, and ` +
    `changes by cookie from pages of another origin are refused. ${fix}`
  );
}

/** Whether only this machine can connect. An app that listens for other machines may be behind a proxy. */
function isLocal(address: Address): boolean {
  return typeof address === 'object' && isLoopback(address.address);
}

function describe(address: Address | undefined, scheme: string): string {
  return typeof address === 'object' ? `port ${address.port} (${scheme})` : 'a socket';
}
