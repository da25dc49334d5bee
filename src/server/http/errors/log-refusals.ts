import type { FastifyInstance } from 'fastify';
import { AccountDisabled, CredentialsRefused } from '../../../kernel/errors.ts';
import type { RouteContext } from '../../route-context.ts';
import { parseAddress } from '../client-address.ts';

/**
 * Logs one line for each refused password, on our routes and on the host's, for programs that bar an address
 * after some. Nothing in it is chosen by the client but the address, which is parsed: no name, no header, no path.
 * A guard with a wrong key is not somebody who signs in.
 */
export function logRefusals(app: FastifyInstance, { routes, prefix }: RouteContext): void {
  const feed = routes.get('revocations');
  app.addHook('onError', (request, _reply, error, done) => {
    const isRefusal = error instanceof CredentialsRefused || error instanceof AccountDisabled;
    const { url: route } = request.routeOptions;
    if (isRefusal && (feed === undefined || route !== prefix + feed.url)) {
      const address = parseAddress(request.ip);
      const { code } = error;
      request.log.warn({ event: 'sign_in_refused', address, code, route }, 'sign-in refused');
    }
    done();
  });
}
