import type { FastifyInstance } from 'fastify';
import { API_HEADERS } from '../../guard/respond/api-headers.ts';

export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(API_HEADERS);
    done();
  });
}
