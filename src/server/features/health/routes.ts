import type { FastifyReply } from 'fastify';
import { createProblem } from '../../../guard/respond/problem.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import { healthSchema, readySchema } from './schema.ts';

/** Liveness: the process answers. Readiness: a sign-in could succeed, and the server is not about to stop. */
export const health = defineFeature({
  routes: {},
  mountStandalone(app, { latchkey }, { isDraining }) {
    app.get('/healthz', { schema: healthSchema }, async () => ({ status: 'ok' }));
    app.get('/readyz', { schema: readySchema }, async (_request, reply: FastifyReply) => {
      // Not thrown, because a failure would be logged at each probe.
      if (isDraining()) {
        reply.raw.statusCode = 503;
        reply.type('application/problem+json');
        return createProblem(503, 'stopping', 'This server is about to stop. Ask another.');
      }
      await latchkey.auth.ping();
      return { status: 'ok' };
    });
  },
});
