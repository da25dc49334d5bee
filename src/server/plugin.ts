import type { FastifyInstance, FastifyPluginAsync, FastifyPluginCallback } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { isRole } from '../auth/users/new-user.ts';
import type { Settings } from '../config/settings.ts';
import { decorateUser, getUser } from '../guard/adapters/fastify/require-user.ts';
import { assembleGuard } from '../guard/assemble-guard.ts';
import type { PermissionTest } from '../guard/request/authorize.ts';
import { createCredentialReader } from '../guard/request/credentials.ts';
import { createOriginRules } from '../guard/request/same-origin.ts';
import { InvalidOption, isLatchkeyError } from '../kernel/errors.ts';
import { assertOptions } from '../kernel/options/check-options.ts';
import { type Latchkey, openLatchkey } from '../system/latchkey.ts';
import { takeNotices } from '../system/notices.ts';
import { addDocs } from './features/docs/docs.ts';
import { collectMetadata, createRouteTable, mountFeatures } from './features/features.ts';
import { createHostApi, type LatchkeyDecorator } from './host-api.ts';
import { type Answers, createAnswers } from './http/answers.ts';
import { createAuthCookies } from './http/auth-cookies.ts';
import { addBodyParsers } from './http/body.ts';
import { refuseOtherBodies } from './http/empty-body.ts';
import { parseErrorDetails } from './http/errors/error-details.ts';
import { findHostRefusal } from './http/errors/error-response.ts';
import { logBackground, logNotice } from './http/errors/host-log.ts';
import { logRefusals } from './http/errors/log-refusals.ts';
import { createSendError, type SendError } from './http/errors/send-error.ts';
import { throwPlainly } from './http/errors/throw-plainly.ts';
import { watchForProxy } from './http/proxy-watch.ts';
import { type RouteContext, rememberContext } from './http/routes/route-context.ts';
import type { RouteTable } from './http/routes/route-table.ts';
import { addSecurityHeaders } from './http/security-headers.ts';
import { noticeOtherAddress } from './listen-notice.ts';
import {
  type AdminOptions,
  type LatchkeyPluginOptions,
  pluginOptionChecks,
  type ServerOptions,
  splitOptions,
} from './options.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Users, clients, sessions and tokens, for the host's own code. */
    latchkey: LatchkeyDecorator;
  }
}

/**
 * Latchkey as a Fastify plugin: the routes of `/auth`, `app.requireUser()` for the host's own routes,
 * and `app.latchkey` for its own code. With no options it is what `latchkey serve` runs.
 *
 * ```ts
 * await app.register(latchkey);
 * app.get('/hello', { onRequest: app.requireUser() }, (req) => `Hello, ${req.user.username}`);
 * ```
 */
export const latchkey = createPlugin();

/** Makes the plugin. @param settings if they were read already. Default: read from the options */
export function createPlugin(settings?: Settings): FastifyPluginCallback<LatchkeyPluginOptions> {
  return fastifyPlugin<LatchkeyPluginOptions>(
    async (app, options) => {
      assertPluginOptions(options);
      const { server, core } = splitOptions(options);
      const routes = createRouteTable(server.paths);
      const answers = createAnswers(server.answers, core.fields);
      const sendError = createSendError(parseErrorDetails(server.details));
      const onWait =
        core.onWait ?? ((text: string) => logNotice(app.log, { level: 'warning', text }));
      const opening = openLatchkey(
        { ...core, onWait },
        {
          serves: true,
          onBackgroundReport: (report) => logBackground(app.log, report),
          onNotice: (notice) => logNotice(app.log, notice),
        },
        settings,
      ).catch(throwPlainly);
      // Fastify awaits this a moment later. Until then a failure must not count as unhandled.
      opening.catch(() => {});
      // Fastify gives a plugin 10 seconds and then fails without naming the reason. A start that waits for another
      // node's migration may take longer, and has a limit of its own. Fastify sets no limit for a plugin that is
      // itself a promise.
      app.register(
        opening.then((opened) => ({
          default: createMountedPlugin(opened, server, { routes, answers, sendError }),
        })),
      );
    },
    { name: 'latchkey', fastify: '5.x' },
  );
}

/** The part of the plugin that needs Latchkey to be open. */
function createMountedPlugin(
  opened: Latchkey,
  server: ServerOptions,
  terms: HostTerms,
): FastifyPluginAsync {
  return fastifyPlugin(
    async (app) => {
      app.addHook('onClose', () => opened.close());
      app.addHook('onReady', async () => {
        for (const notice of takeNotices(opened)) logNotice(app.log, notice);
      });
      try {
        await mount(app, opened, server, terms);
      } catch (error) {
        // An open database would keep a host running whose start failed.
        await opened.close().catch(() => {});
        throw error;
      }
    },
    { name: 'latchkey-opened', fastify: '5.x' },
  );
}

function assertPluginOptions(options: unknown): void {
  try {
    assertOptions('latchkey', options, pluginOptionChecks);
  } catch (error) {
    throwPlainly(error);
  }
}

/** The host's options for routes, answers and errors, read and checked. */
interface HostTerms {
  readonly routes: RouteTable;
  readonly answers: Answers;
  readonly sendError: SendError;
}

/** Adds the opened Latchkey to the host's app. */
async function mount(
  app: FastifyInstance,
  opened: Latchkey,
  server: ServerOptions,
  { routes, answers, sendError }: HostTerms,
): Promise<void> {
  const { issuer, corsOrigins } = opened.settings;
  const cookies = createAuthCookies(issuer, server.cookies);
  const originRules = createOriginRules(
    [new URL(issuer).origin, ...corsOrigins],
    `The operator may allow origins: the server's own address is LATCHKEY_ISSUER (${issuer} now), those of other apps are LATCHKEY_CORS_ORIGINS.`,
    { acceptSilent: server.cookiesWithoutOrigin === 'accept' },
  );
  const credentials = createCredentialReader(cookies, originRules);
  const { verifier, clock } = opened;
  const { permissions } = opened.settings;
  // By the map as it is now: a permission that was taken from a role must not live on in tokens.
  const hasPermission: PermissionTest = ({ roles = [] }, permission) =>
    permissions.has(roles, permission);
  const guard = assembleGuard({ verifier, credentials, clock, hasPermission });

  app.decorate('latchkey', Object.freeze({ ...createHostApi(opened), cookies }));
  const name = server.as ?? 'user';
  const requireUser = decorateUser(app, name, guard, sendError);
  answerErrorsOf(app, server.errors ?? 'own', sendError);

  // Fastify joins `/api/` and `/auth` with one slash. Two would make addresses that do not exist, and from
  // `/` alone one of another host: `//auth/token`.
  const prefix = app.prefix.replace(/\/+$/, '');
  const context: RouteContext = {
    latchkey: opened,
    routes,
    answers,
    sendError,
    prefix,
    metadata: { issuer, ...collectMetadata(routes, (path) => issuer + prefix + path) },
    cookies,
    credentials,
    originRules,
    requireUser,
    getUser: (request) => getUser(request, name),
    adminRole: findAdminRole(server.admin),
    hasPages: server.pages ?? false,
    transport: server.transport ?? 'body',
  };
  rememberContext(app.latchkey, context);
  assertLinksLead(context);
  noticeOtherAddress(app, opened.settings);
  if (opened.settings.logRefusals) logRefusals(app);
  if (server.docs) addDocs(app, context);
  await app.register(async (scope) => {
    watchForProxy(scope, opened.settings);
    addRoutes(scope, context);
  });
}

/**
 * The links of mails must lead somewhere.
 * @throws {InvalidOption}
 */
function assertLinksLead({ latchkey, hasPages, prefix, routes }: RouteContext): void {
  const { mail, issuer } = latchkey.settings;
  const isServed = hasPages && prefix === '';
  if (!mail.isSetUp || !mail.leadsToOwnPages || isServed || !routes.has('forgot')) return;
  throw new InvalidOption(
    'links',
    hasPages
      ? `links: give { reset: "${issuer}${prefix}/reset?token={token}" } or whatever leads to our page, because this app has a prefix.`
      : 'links: mails have a link to a page where users choose a new password. Give { reset: "https://app.example.com/reset?token={token}" }, or pages: true for our own page.',
  );
}

/** @throws {InvalidOption} */
function findAdminRole(admin: AdminOptions | undefined): string | undefined {
  if (admin === undefined) return undefined;
  const { role } = admin;
  if (isRole(role)) return role;
  throw new InvalidOption('admin', 'admin: give a role, such as { role: "admin" }.');
}

/**
 * Answers what `app.latchkey` throws in a host's own handler as in ours. This is done route by route, so that the
 * error handler of the host, whether set before or after, is neither replaced nor called for our errors.
 */
function answerErrorsOf(app: FastifyInstance, which: 'own' | 'all', sendError: SendError): void {
  app.addHook('onRoute', (route) => {
    route.errorHandler ??= (error, request, reply) => {
      // Thrown again, the error reaches the host's own error handler.
      if (which === 'own' && !isLatchkeyError(error)) throw error;
      sendError(request, reply, findHostRefusal(error) ?? error);
    };
  });
}

/** Adds our routes in a scope of their own, so that the host's routes read bodies and answer errors as before. */
function addRoutes(app: FastifyInstance, context: RouteContext): void {
  addBodyParsers(app);
  refuseOtherBodies(app);
  addSecurityHeaders(app);
  // The schemas are for the documentation. The domain reads all input itself.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  mountFeatures(app, context);
}
