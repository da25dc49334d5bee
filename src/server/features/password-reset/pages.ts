import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidInput, isLatchkeyError, OneTimeSecretRefused } from '../../../kernel/errors.ts';
import { toCaller } from '../../http/caller.ts';
import { addPage } from '../../http/pages/add-page.ts';
import type { RouteContext } from '../../http/routes/route-context.ts';

/** @see RFC 9562 section 4 */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Pages without script for those whose app has none. A GET changes nothing, as scanners of mail open every link. */
export function addResetPages(app: FastifyInstance, context: RouteContext): void {
  const { auth, settings } = context.latchkey;
  const { appName } = settings;
  const load = () => import('./page-texts.ts');

  addPage(app, context, {
    path: '/forgot',
    async show({ query }) {
      const pages = await load();
      const { request } = query;
      return request !== undefined && UUID.test(request)
        ? pages.renderCodePage({ appName, request })
        : pages.renderForgotPage({ appName });
    },
    async submit(request, reply) {
      const flow = await auth.loadPasswordReset();
      try {
        const { 'accept-language': language } = request.headers;
        const asked = await flow.requestRaw(request.body, toCaller(request), language);
        return redirect(reply, `forgot?request=${asked.request}`);
      } catch (error) {
        const pages = await load();
        return reply
          .code(findStatus(error))
          .send(pages.renderForgotPage({ appName, problems: describe(error) }));
      }
    },
  });

  addPage(app, context, {
    path: '/reset',
    async show({ query }) {
      const pages = await load();
      if (query.done !== undefined) return pages.renderDonePage({ appName });
      const { token = '' } = query;
      const flow = await auth.loadPasswordReset();
      const subject = await flow.findSubject(token);
      return subject === undefined
        ? pages.renderInvalidPage({ appName })
        : pages.renderResetPage({ appName, token, ...subject });
    },
    async submit(request, reply) {
      const flow = await auth.loadPasswordReset();
      try {
        await flow.resetRaw(request.body, toCaller(request));
        return redirect(reply, 'reset?done');
      } catch (error) {
        return reply.code(findStatus(error)).send(await renderAgain(request, error));
      }
    },
  });

  /** Shows the form again, if another try can succeed. */
  async function renderAgain({ body }: FastifyRequest, error: unknown): Promise<string> {
    const pages = await load();
    const problems = describe(error);
    const { token, request } = Object(body) as Readonly<Record<string, unknown>>;
    if (typeof token === 'string') {
      const flow = await auth.loadPasswordReset();
      const subject = await flow.findSubject(token);
      return subject === undefined
        ? pages.renderInvalidPage({ appName })
        : pages.renderResetPage({ appName, token, ...subject, problems });
    }
    const canRetry = error instanceof InvalidInput || error instanceof OneTimeSecretRefused;
    return canRetry && typeof request === 'string' && UUID.test(request)
      ? pages.renderCodePage({ appName, request, problems })
      : pages.renderFailurePage({ appName, problems });
  }
}

function redirect(reply: FastifyReply, to: string): FastifyReply {
  return reply.header('location', to).code(303).send('');
}

/** @throws the error, if it is not meant for a client */
function findStatus(error: unknown): number {
  if (isLatchkeyError(error) && error.status !== undefined) return error.status;
  throw error;
}

function describe(error: unknown): readonly string[] {
  if (error instanceof InvalidInput) return error.problems.map(({ problem }) => problem);
  return error instanceof Error ? [error.message] : [];
}
