import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../../../kernel/encoding/loopback.ts';
import { RequestRefused } from '../errors/request-refused.ts';
import type { RouteContext } from '../routes/route-context.ts';

/** A request for a page. */
export type PageRequest = FastifyRequest<{
  Querystring: { readonly token?: string; readonly request?: string; readonly done?: string };
}>;

/** A page that is shown, and whose form is sent to the same or another page. */
export interface PageRoute {
  readonly path: string;
  /** Must change nothing. */
  readonly show: (request: PageRequest) => Promise<string>;
  readonly submit: (request: PageRequest, reply: FastifyReply) => Promise<unknown>;
}

/** Adds a page. It is in no documentation of the API, and its query is left out of every log. */
export function addPage(
  app: FastifyInstance,
  context: RouteContext,
  { path, show, submit }: PageRoute,
): void {
  const { issuer } = context.latchkey.settings;
  const isLocal = isLoopback(new URL(issuer).hostname);
  const shared = {
    url: path,
    schema: { hide: true } as object,
    logSerializers: { req: describeRequest },
    errorHandler: createErrorHandler(context),
    onRequest: async (request: FastifyRequest) => {
      // The attack: a page of another site whose name leads to this machine (DNS rebinding).
      if (!isLocal || isLoopback(request.hostname)) return;
      throw new RequestRefused(421, 'misdirected_request', `This server is ${issuer}.`);
    },
  };
  app.route<{ Querystring: PageRequest['query'] }>({
    ...shared,
    method: 'GET',
    handler: async (request, reply) => {
      const text = await show(request);
      await addPageHeaders(reply);
      return reply.send(text);
    },
  });
  app.route<{ Querystring: PageRequest['query'] }>({
    ...shared,
    method: 'POST',
    handler: async (request, reply) => {
      await addPageHeaders(reply);
      return submit(request, reply);
    },
  });
}

function createErrorHandler(context: RouteContext) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    context.sendError(request, reply, error);
}

async function addPageHeaders(reply: FastifyReply): Promise<void> {
  const { PAGE_HEADERS } = await import('./page.ts');
  // Text is not serialised as JSON.
  reply.headers(PAGE_HEADERS).serializer((text: unknown) => String(text));
}

/** The request as a log has it. The query may have a token. */
function describeRequest({ method, url, ip }: FastifyRequest): object {
  return { method, url: url.split('?')[0], remoteAddress: ip };
}
