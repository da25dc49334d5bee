import type { FastifyInstance } from 'fastify';
import type { Latchkey } from '../../system/latchkey.ts';
import { healthSchema, readySchema } from '../schemas/programs.ts';

/** Liveness: the process answers. Readiness: the database answers too. */
export function addHealthRoutes(app: FastifyInstance, latchkey: Latchkey): void {
  app.get('/healthz', { schema: healthSchema }, async () => ({ status: 'ok' }));
  app.get('/readyz', { schema: readySchema }, async () => {
    await latchkey.auth.ping();
    return { status: 'ok' };
  });
}
