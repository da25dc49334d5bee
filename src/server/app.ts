import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Settings } from '../config/settings.ts';
import {
  aBoolean,
  assertOptions,
  type OptionChecks,
  optionsOf,
} from '../kernel/options/check-options.ts';
import { readAllSettings } from '../system/options.ts';
import { createRouteTable, mountStandaloneFeatures } from './features/features.ts';
import { addBodyParsers, BODY_LIMIT } from './http/body.ts';
import { createProxyTest } from './http/client-address.ts';
import { addCors, type CorsOptions, corsOptionChecks } from './http/cors.ts';
import { ignoreEmptyBodies } from './http/empty-body.ts';
import { refuseBrokenRequest } from './http/errors/client-error.ts';
import { silence } from './http/errors/host-log.ts';
import { answerUnknownAddresses } from './http/errors/not-found.ts';
import { sendError } from './http/errors/send-error.ts';
import { throwPlainly } from './http/errors/throw-plainly.ts';
import { recallContext } from './http/routes/route-context.ts';
import { addSecurityHeaders } from './http/security-headers.ts';
import { type LatchkeyPluginOptions, pluginOptionChecks, splitOptions } from './options.ts';
import { createPlugin } from './plugin.ts';

export interface AppOptions extends LatchkeyPluginOptions {
  /** Where errors of ours are logged. Default: standard error. False: nowhere. */
  readonly logger?: boolean;
  /** What pages of `corsOrigins` may do with your own routes, beside what Latchkey's need. */
  readonly cors?: CorsOptions;
}

/** The standalone server. */
export interface StandaloneApp extends FastifyInstance {
  /**
   * To be called some time before `close`, so that a proxy in front looks elsewhere first: from now on
   * `/readyz` answers 503, and every answer closes its connection. All else is served as before.
   */
  drain(): void;
}

/** ms a client may take to send a whole request: a slow one must not hold a connection for ever. */
const REQUEST_TIMEOUT = 15_000;
/** ms between two looks for slow requests; Node.js looks every 30 seconds by itself. */
const SLOW_REQUEST_SWEEP_MS = 5_000;

/**
 * Makes the standalone server: the plugin with its documentation, health, CORS, and nothing else. It
 * does not listen yet.
 * @throws {InvalidOption} for an unknown option, an undefined value, or one of the wrong kind
 * @throws {InvalidSetting}
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
  const app = Fastify({
    // The address of a request may hold what must not be logged, so requests are not.
    logger: logger && { level: 'warn', stream: process.stderr },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    connectionTimeout: 2 * REQUEST_TIMEOUT,
    http: {
      connectionsCheckingInterval: SLOW_REQUEST_SWEEP_MS,
      // Were this the longer one, as it is by default, Node.js would take it for the limit of the body.
      headersTimeout: REQUEST_TIMEOUT,
    },
    trustProxy: trustProxy === false ? false : createProxyTest(trustProxy),
    forceCloseConnections: 'idle',
    // A request that came in time is served, not sent away.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendError(request, reply, error),
    clientErrorHandler: refuseBrokenRequest,
  });
  if (!logger) silence(app.log);
  let isDraining = false;
  app.addHook('onRequest', (_request, reply, done) => {
    if (isDraining) reply.header('connection', 'close');
    done();
  });
  answerUnknownAddresses(app);
  app.addHook('preClose', (done) => {
    // Idle connections are closed at once; one that is busy now would otherwise be kept alive when it is
    // done, and the process with it.
    app.server.keepAliveTimeout = 1;
    done();
  });
  await addCors(app, { origins: corsOrigins, routes: createRouteTable(pluginOptions.paths) }, cors);
  await app.register(createPlugin(settings), { docs: true, errors: 'all', ...pluginOptions });
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

function readPlainly(options: LatchkeyPluginOptions): Settings {
  try {
    return readAllSettings(splitOptions(options).core);
  } catch (error) {
    throwPlainly(error);
  }
}
