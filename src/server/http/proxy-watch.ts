import type { FastifyInstance } from 'fastify';
import { isPrivateAddress } from '../../auth/limits/networks.ts';
import type { Settings } from '../../config/settings.ts';
import { isLoopback } from '../../kernel/encoding/loopback.ts';
import { parseAddress } from './client-address.ts';
import { logNotice } from './errors/host-log.ts';

/** How many requests are looked at together. */
const SAMPLE = 1_000;
/** How many of them must come from one address, before it looks like a proxy. */
const SHARE = 0.95;
/** More private addresses than this are no proxy. */
const MAX_ADDRESSES = 50;

/**
 * Tells the operator if nearly all requests come from one private address: that is a proxy which is not named. Then the
 * audit trail and the session lists show the proxy, and nobody's failures are counted by address. It says so once.
 */
export function watchForProxy(app: FastifyInstance, settings: Settings): void {
  // A server that is used on its own machine has no proxy.
  if (settings.trustProxy !== false || isLoopback(new URL(settings.issuer).hostname)) return;
  let isDone = false;
  let seen = 0;
  /** Requests of this sample that came from no private address. */
  let others = 0;
  let counts = new Map<string, number>();
  app.addHook('onRequest', (request, _reply, done) => {
    if (isDone) return done();
    seen += 1;
    // Most servers have clients all over the internet. The rest of such a sample need not be looked at.
    if (others <= SAMPLE - SAMPLE * SHARE) {
      // The host's own app names a proxy.
      if (request.ip !== request.socket.remoteAddress) isDone = true;
      const address = parseAddress(request.ip);
      if (address === null || !isPrivateAddress(address)) others += 1;
      else counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    if (seen < SAMPLE && counts.size <= MAX_ADDRESSES) return done();
    const [proxy, count] = [...counts].reduce((most, it) => (it[1] > most[1] ? it : most), ['', 0]);
    if (!isDone && count >= SAMPLE * SHARE) {
      isDone = true;
      logNotice(app.log, { level: 'warning', text: describe(proxy, count) });
    }
    seen = 0;
    others = 0;
    counts = new Map();
    done();
  });
}

function describe(proxy: string, count: number): string {
  return (
    `${count} of the last ${SAMPLE} requests came from ${proxy}, a private address. If a proxy runs there, name it: ` +
    `LATCHKEY_TRUST_PROXY=${proxy}. Until then all clients have its address in the audit trail, and failed sign-ins ` +
    'are not counted by address. If clients are in your own network, set the option limits: { privateAddresses: true }.'
  );
}
