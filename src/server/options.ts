import { aDecorationName } from '../guard/adapters/decoration-options.ts';
import { COOKIE_NAMES } from '../guard/guard-option-checks.ts';
import type { CookieNames } from '../guard/request/cookie-names.ts';
import {
  aBoolean,
  anything,
  mapOf,
  type OptionChecks,
  oneOf,
} from '../kernel/options/check-options.ts';
import { latchkeyOptionChecks } from '../system/option-checks.ts';
import type { LatchkeyOptions } from '../system/options.ts';
import type { RoutePaths } from './features/features.ts';
import type { AnswerTransport, RouteAnswers } from './http/answers.ts';
import type { ErrorDetails } from './http/errors/error-details.ts';

/** What the HTTP side can be told beyond {@link LatchkeyOptions}. */
export interface ServerOptions {
  /** New paths by route name, such as `{ login: '/login', refresh: 'GET /refresh', register: false }`. */
  readonly paths?: RoutePaths;
  /** Names of the cookies. */
  readonly cookies?: CookieNames;
  /**
   * Whether a request that changes state by cookie passes without `Origin` and `Sec-Fetch-Site`. Current
   * browsers send one or both, so such a request comes from a program (curl, Postman) or from a browser
   * older than 2020; with `accept`, only `SameSite=Lax` keeps the pages of other sites from sending it
   * through one of those. A request that has either header must prove its origin in any case.
   * Default `refuse`.
   */
  readonly cookiesWithoutOrigin?: 'refuse' | 'accept';
  /**
   * What the routes answer on success, where clients expect another form than the standard one, such as
   * `{ me: ['id', 'username'], logout: () => ({ status: 'success' }) }`.
   */
  readonly answers?: RouteAnswers;
  /**
   * Sentences of your own for errors, by code, such as `{ email_taken: 'This address has an account.' }`:
   * the `detail` of the problem documents with that code. The code and the status stay.
   */
  readonly details?: ErrorDetails;
  /** How register and login answer where `?transport=` does not say. Default `body`. */
  readonly transport?: AnswerTransport;
  /**
   * Serve `/openapi.json` and a page to try the API at `/docs`; the host's own routes are in it too.
   * Default false in a plugin, true in the standalone server.
   */
  readonly docs?: boolean;
  /**
   * Which errors of the host's own routes are answered with a problem document: those Latchkey threw
   * (`own`, the default), or `all`. A route with an `errorHandler` of its own answers all of its errors
   * itself; the app's error handler gets those that are left.
   */
  readonly errors?: 'own' | 'all';
  /**
   * Another name for the user on a request, where another library adds `request.user`. With `account` there are
   * `request.account` and `app.requireAccount()`; declare the name in `UserDecorations`. Default `user`.
   */
  readonly as?: string;
}

const serverOptionChecks = {
  // Which routes there are is for the table of routes to say.
  paths: mapOf(anything),
  cookies: COOKIE_NAMES,
  cookiesWithoutOrigin: oneOf('refuse', 'accept'),
  // Both are checked by name where they are read.
  answers: mapOf(anything),
  details: mapOf(anything),
  transport: oneOf('body', 'cookie'),
  docs: aBoolean,
  errors: oneOf('own', 'all'),
  as: aDecorationName,
} satisfies OptionChecks<ServerOptions>;

/** What the plugin takes, by name. */
export const pluginOptionChecks = {
  ...latchkeyOptionChecks,
  ...serverOptionChecks,
} satisfies OptionChecks<LatchkeyPluginOptions>;

export interface LatchkeyPluginOptions extends LatchkeyOptions, ServerOptions {}

export function splitOptions(options: LatchkeyPluginOptions): {
  server: ServerOptions;
  core: LatchkeyOptions;
} {
  const server: Record<string, unknown> = {};
  const core: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    (Object.hasOwn(serverOptionChecks, name) ? server : core)[name] = value;
  }
  return { server, core };
}
