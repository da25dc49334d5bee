import type { FastifyInstance } from 'fastify';
import { RequestRefused } from './request-refused.ts';
import { sendError } from './send-error.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Answers 404, or 405 with the methods that the address has. For an address with a parameter the methods are not
 * known, so the answer is 404.
 * @see RFC 9110 section 15.5.6
 */
export function answerUnknownAddresses(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    const [url = ''] = request.url.split('?', 1);
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url }));
    if (allowed.length === 0) {
      const detail = 'There is nothing at this address. The API is described at /docs.';
      sendError(request, reply, new RequestRefused(404, 'not_found', detail));
      return;
    }
    const methods = allowed.join(', ');
    const detail = `This address answers to another method: ${methods}.`;
    reply.header('allow', methods);
    sendError(request, reply, new RequestRefused(405, 'method_not_allowed', detail));
  });
}
