import type { FastifyReply } from 'fastify';
import { createReporter } from '../../../system/background-report.ts';
import { requireClient } from '../../http/credentials/client-credential.ts';
import { logBackground } from '../../http/errors/host-log.ts';
import { BY_CLIENT_KEY, defineFeature } from '../../http/routes/feature.ts';
import { RevocationBroadcast } from './revocation-broadcast.ts';
import { revocationsSchema } from './schema.ts';

/** The feed of revocations, for guards. @see docs/revocation-feed.md */
export const revocationFeed = defineFeature({
  routes: { revocations: 'GET /auth/revocations' },
  // Not a registered name: guards find the feed by it.
  metadata: (toUrl) => ({ revocation_feed_endpoint: toUrl('revocations') }),
  mount(app, { latchkey, routes }, addRoute) {
    if (!routes.has('revocations')) return;
    const { revocations: log, clients } = latchkey.auth;
    const broadcast = new RevocationBroadcast({
      log,
      listSecretIds: () => clients.listSecretIds(),
      onLook: createReporter('checking clients', (report) => logBackground(app.log, report)),
    });
    // Before the server waits for the requests under way: a feed would be under way indefinitely.
    app.addHook('preClose', (done) => {
      broadcast.close();
      done();
    });

    addRoute('revocations', {
      config: BY_CLIENT_KEY,
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
  },
});

/** Takes the response over from Fastify, so that no hook of the host compresses, buffers or counts it. */
function openStream(reply: FastifyReply, httpVersion: number): void {
  reply.hijack();
  const { raw } = reply;
  // Heartbeats find a dead connection. A time-out of the host would cut a live one.
  raw.setTimeout(0);
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.setHeader('content-type', 'text/event-stream');
  raw.setHeader('cache-control', 'no-store, no-transform');
  // Keeps nginx from holding events back until its buffer is full.
  raw.setHeader('x-accel-buffering', 'no');
  // The connection serves nothing else, and closes when the feed ends.
  if (httpVersion === 1) raw.setHeader('connection', 'close');
  raw.flushHeaders();
}
