import * as fastify from 'fastify';
import { ADMIN_ROLE } from '../auth/administration/admin-role.ts';
import type { Settings } from '../config/settings.ts';
import {
  aBoolean,
  assertOptions,
  type OptionChecks,
  optionsOf,
} from '../kernel/options/check-options.ts';
import { readAllSettings } from '../system/options.ts';
import { createRouteTable, mountStandaloneFeatures } from './features/features.ts';
import { addBodyParsers, BODY_MAX_BYTES } from './http/body.ts';
import { createProxyTest } from './http/client-address.ts';
import { addCors, type CorsOptions, corsOptionChecks } from './http/cors.ts';
import { ignoreEmptyBodies } from './http/empty-body.ts';
import { refuseBrokenRequest } from './http/errors/client-error.ts';
import { answerUnknownAddresses } from './http/errors/not-found.ts';
import { sendError } from './http/errors/send-error.ts';
import { throwPlainly } from './http/errors/throw-plainly.ts';
import { recallContext } from './http/routes/route-context.ts';
import { addSecurityHeaders } from './http/security-headers.ts';
import { type LatchkeyPluginOptions, pluginOptionChecks, splitOptions } from './options.ts';
import { createPlugin } from './plugin.ts';

/** Options of {@link createApp}: those of the plugin, the log and CORS. Nothing is required. */
export interface AppOptions extends LatchkeyPluginOptions {
  /** Whether errors and warnings are logged, to standard error, one line of JSON each. Default true. */
  readonly logger?: boolean;
  /**
   * What pages of `corsOrigins` may do with your own routes, in addition to what Latchkey's routes need. Default: the
   * usual methods, and no additional headers.
   */
  readonly cors?: CorsOptions;
}

/** The standalone server: a Fastify app, with `app.latchkey` and `app.requireUser()`. */
export interface StandaloneApp extends fastify.FastifyInstance {
  /**
   * Makes `/readyz` answer 503, and every response close its connection. All else is served as before. Call it some
   * time before `close`, so that a proxy in front stops sending requests first.
   */
  drain(): void;
}

/** How long a client may take to send a whole request. The attack: slow requests that hold every connection. */
const REQUEST_TIMEOUT_MS = 15_000;
/** How often slow requests are looked for. The default of Node.js is 30 seconds. */
const SLOW_REQUEST_SWEEP_MS = 5_000;

/**
 * Makes the standalone server of `latchkey serve`: the plugin with its documentation, health checks and CORS. It does
 * not listen yet.
 *
 * Unless the route `verify` is left out, the app knows every method of Node.js, so that proxies can ask about each of
 * them: `app.all` adds a route for all of them.
 *
 * ```ts
 * const app = await createApp({ corsOrigins: 'https://app.example.com' });
 * await app.listen({ port: 8000 });
 * ```
 * @throws {InvalidOption} for an unknown option, an undefined value, or one of the wrong kind
 * @throws {InvalidSetting} naming the setting, what is wrong with it, and the fix
 * @throws {StoreUnavailable} if the database cannot be opened, or the start waits longer than `startTimeout`
 */
export async function createApp(options: AppOptions = {}): Promise<StandaloneApp> {
  assertOptions('createApp', options, {
    ...pluginOptionChecks,
    logger: aBoolean,
    cors: optionsOf(corsOptionChecks),
  } satisfies OptionChecks<AppOptions>);
  const { logger: _, cors: __, ...pluginOptions } = options;
  return createAppWith(readPlainly(pluginOptions), options);
}

/** Makes the standalone server with settings that were read already. */
export async function createAppWith(
  settings: Settings,
  { logger = true, cors, ...pluginOptions }: AppOptions,
): Promise<StandaloneApp> {
  const { trustProxy, corsOrigins } = settings;
  const app = fastify.fastify({
    // Not `false`: an app that has no logger at all reports failures to standard error.
    logger: { level: logger ? 'warn' : 'silent', stream: process.stderr },
    ...withoutRequestLog(),
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 2 * REQUEST_TIMEOUT_MS,
    http: {
      connectionsCheckingInterval: SLOW_REQUEST_SWEEP_MS,
      // If this is longer than the request's limit, as it is by default, Node.js uses it as the limit of the body.
      headersTimeout: REQUEST_TIMEOUT_MS,
    },
    trustProxy: trustProxy === false ? false : createProxyTest(trustProxy),
    forceCloseConnections: 'idle',
    // Requests that arrived before the end are served.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendError(request, reply, error),
    clientErrorHandler: refuseBrokenRequest,
  });
  let isDraining = false;
  app.addHook('onRequest', (_request, reply, done) => {
    if (isDraining) reply.header('connection', 'close');
    done();
  });
  answerUnknownAddresses(app);
  app.addHook('preClose', (done) => {
    // Fastify closes idle connections. A busy one would otherwise be kept alive after its response, and the
    // process with it.
    app.server.keepAliveTimeout = 1;
    done();
  });
  await addCors(app, { origins: corsOrigins, routes: createRouteTable(pluginOptions.paths) }, cors);
  await app.register(createPlugin(settings), {
    docs: true,
    pages: true,
    errors: 'all',
    admin: { role: ADMIN_ROLE },
    ...pluginOptions,
  });
  addBodyParsers(app);
  ignoreEmptyBodies(app);
  const server = { isDraining: () => isDraining };
  await mountStandaloneFeatures(app, recallContext(app.latchkey), server, (scope) => {
    addSecurityHeaders(scope);
    scope.setSerializerCompiler(() => JSON.stringify);
  });
  const standalone: StandaloneApp = Object.assign(app, {
    drain() {
      isDraining = true;
    },
  });
  return standalone;
}

/** Requests are not logged, because an address may contain what must not be. */
function withoutRequestLog(): Partial<fastify.FastifyServerOptions> {
  // Fastify has log controllers since 5.10, and calls the older option deprecated since then.
  return 'LogController' in fastify
    ? { logController: new fastify.LogController({ disableRequestLogging: true }) }
    : { disableRequestLogging: true };
}

function readPlainly(options: LatchkeyPluginOptions): Settings {
  try {
    return readAllSettings(splitOptions(options).core);
  } catch (error) {
    throwPlainly(error);
  }
}
