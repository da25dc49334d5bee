import type { FastifyInstance } from 'fastify';
import { AccountDisabled, CredentialsRefused } from '../../../kernel/errors.ts';
import { parseAddress } from '../client-address.ts';
import { BY_CLIENT_KEY } from '../routes/feature.ts';

/**
 * Logs one line for each refused password, on our routes and on the host's, for programs that block an address
 * after several. The client chooses only the address in it, which is parsed: no name, no header, no path.
 * A client with a wrong key is not a sign-in.
 */
export function logRefusals(app: FastifyInstance): void {
  app.addHook('onError', (request, _reply, error, done) => {
    const isRefusal = error instanceof CredentialsRefused || error instanceof AccountDisabled;
    const { url: route, config } = request.routeOptions;
    if (isRefusal && !isByClientKey(config)) {
      const address = parseAddress(request.ip);
      const { code } = error;
      request.log.warn({ event: 'sign_in_refused', address, code, route }, 'sign-in refused');
    }
    done();
  });
}

/** Fastify adds members of its own to the `config` of a route. */
function isByClientKey(config: object): boolean {
  return Object.entries(BY_CLIENT_KEY).every(
    ([name, value]) => Reflect.get(config, name) === value,
  );
}
