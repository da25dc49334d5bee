import type { FastifyInstance, FastifyReply } from 'fastify';
import { createReporter } from '../../../system/background-report.ts';
import { logBackground } from '../../http/errors/host-log.ts';
import { addRoute, type RouteContext } from '../../route-context.ts';
import { requireClient } from '../machine-endpoints/client-credential.ts';
import { revocationsSchema } from '../machine-endpoints/schemas.ts';
import { RevocationBroadcast } from './revocation-broadcast.ts';

/** The feed of revocations, for guards. @see docs/revocation-feed.md */
export function addRevocationsRoute(app: FastifyInstance, context: RouteContext): void {
  const { latchkey, routes } = context;
  if (!routes.has('revocations')) return;
  const { revocations: log, clients } = latchkey.auth;
  const broadcast = new RevocationBroadcast({
    log,
    listSecretIds: () => clients.listSecretIds(),
    onLook: createReporter('checking clients', (report) => logBackground(app.log, report)),
  });
  // Before the server waits for the requests under way, which these would be for ever.
  app.addHook('preClose', (done) => {
    broadcast.close();
    done();
  });

  addRoute(app, context, 'revocations', {
    schema: revocationsSchema,
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const authenticated = await requireClient(latchkey, request);
      const source = { clientId: authenticated.client.id, secretId: authenticated.secretId };
      broadcast.assertReady(source.clientId);
      openStream(reply, request.raw.httpVersionMajor);
      const lastEventId = request.headers['last-event-id'];
      broadcast.add(reply.raw, source, typeof lastEventId === 'string' ? lastEventId : undefined);
    },
  });
}

/** From here on the answer is ours: no hook of the host compresses, buffers or counts it. */
function openStream(reply: FastifyReply, httpVersion: number): void {
  reply.hijack();
  const { raw } = reply;
  // Heartbeats tell a dead connection; a time-out of the host's would cut a living one.
  raw.setTimeout(0);
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.setHeader('content-type', 'text/event-stream');
  raw.setHeader('cache-control', 'no-store, no-transform');
  // nginx would hold back what comes until its buffer is full.
  raw.setHeader('x-accel-buffering', 'no');
  // Such a connection serves nothing else, and should be gone when the feed ends.
  if (httpVersion === 1) raw.setHeader('connection', 'close');
  raw.flushHeaders();
}
