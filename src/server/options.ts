import type { CookieNames } from '../guard/cookie-names.ts';
import type { LatchkeyOptions } from '../system/options.ts';
import type { AnswerTransport } from './route-context.ts';
import type { RoutePaths } from './routes-table.ts';

/** What the HTTP side can be told beyond {@link LatchkeyOptions}. */
export interface ServerOptions {
  /** New paths by route name, such as `{ login: '/login', refresh: 'GET /refresh', register: false }`. */
  readonly paths?: RoutePaths | undefined;
  /** Names of the cookies. */
  readonly cookies?: CookieNames | undefined;
  /** How register and login answer where `?transport=` does not say. Default `body`. */
  readonly transport?: AnswerTransport | undefined;
  /**
   * Serve `/openapi.json` and a page to try the API at `/docs`; the host's own routes are in it too.
   * Default false in a plugin, true in the standalone server.
   */
  readonly docs?: boolean | undefined;
  /**
   * Which errors of the host's own routes are answered with a problem document: those Latchkey threw
   * (`own`, the default), or `all`. A route with an `errorHandler` of its own answers all of its errors
   * itself; the app's error handler gets those that are left.
   */
  readonly errors?: 'own' | 'all' | undefined;
}

export interface LatchkeyPluginOptions extends LatchkeyOptions, ServerOptions {}

export function splitOptions(options: LatchkeyPluginOptions): {
  server: ServerOptions;
  core: LatchkeyOptions;
} {
  const { paths, cookies, transport, docs, errors, ...core } = options;
  return { server: { paths, cookies, transport, docs, errors }, core };
}
