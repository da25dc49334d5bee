import type { FastifyInstance, FastifyReply } from 'fastify';
import { createProblem } from '../../../guard/respond/problem.ts';
import type { Latchkey } from '../../../system/latchkey.ts';
import { healthSchema, readySchema } from '../machine-endpoints/schemas.ts';

/** Liveness: the process answers. Readiness: the database answers too, and the server goes on. */
export function addHealthRoutes(
  app: FastifyInstance,
  latchkey: Latchkey,
  isDraining: () => boolean,
): void {
  app.get('/healthz', { schema: healthSchema }, async () => ({ status: 'ok' }));
  app.get('/readyz', { schema: readySchema }, async (_request, reply: FastifyReply) => {
    // Answered here, for it is no failure to be logged at every look.
    if (isDraining()) {
      reply.raw.statusCode = 503;
      reply.type('application/problem+json');
      return createProblem(503, 'stopping', 'This server is about to stop. Ask another.');
    }
    await latchkey.auth.ping();
    return { status: 'ok' };
  });
}
