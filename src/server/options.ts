import { aDecorationName } from '../guard/adapters/decoration-options.ts';
import { COOKIE_NAMES } from '../guard/guard-option-checks.ts';
import type { CookieNames } from '../guard/request/cookie-names.ts';
import {
  aBoolean,
  anything,
  aString,
  mapOf,
  type OptionChecks,
  oneOf,
  optionsOf,
} from '../kernel/options/check-options.ts';
import { latchkeyOptionChecks } from '../system/option-checks.ts';
import type { LatchkeyOptions } from '../system/options.ts';
import type { RoutePaths } from './features/features.ts';
import type { AnswerTransport, RouteAnswers } from './http/answers.ts';
import type { ErrorDetails } from './http/errors/error-details.ts';

/** How users are administered by HTTP. */
export interface AdminOptions {
  /** The role of administrators: 1 to 64 letters, digits and `_ . : / -`. */
  readonly role: string;
}

/** Options of the HTTP side, beyond {@link LatchkeyOptions}. */
export interface ServerOptions {
  /**
   * New paths by route name, such as `{ login: '/login', refresh: 'GET /refresh', register: false }`. Default: the
   * paths below `/auth` and `/.well-known`.
   */
  readonly paths?: RoutePaths;
  /**
   * Names of the cookies, without `__Host-`, which is added under https. Default `latchkey_access` and
   * `latchkey_refresh`, with the issuer's port and path where these are unusual.
   */
  readonly cookies?: CookieNames;
  /**
   * Whether a request that changes state by cookie passes without `Origin` and `Sec-Fetch-Site`. Current
   * browsers send one or both, so such a request comes from a program (curl, Postman) or from a browser
   * older than 2020. With `accept`, only `SameSite=Lax` keeps pages of other sites from sending it through such a
   * browser. A request that has either header must prove its origin in any case.
   * Default `refuse`.
   */
  readonly cookiesWithoutOrigin?: 'refuse' | 'accept';
  /**
   * What the routes answer on success, for clients that expect another form than the standard one, such as
   * `{ me: ['id', 'username'], logout: () => ({ status: 'success' }) }`. Default: the standard form.
   */
  readonly answers?: RouteAnswers;
  /**
   * Sentences of your own for errors, by code, such as `{ email_taken: 'This address has an account.' }`:
   * the `detail` of the problem documents with that code. The code and the status stay. Default: none.
   */
  readonly details?: ErrorDetails;
  /**
   * Whose role may use the routes below `/auth/admin`, such as `{ role: 'admin' }`. Neither registration nor a permission
   * grants it. Default: in a plugin these routes do not exist; in the standalone server the role is `admin`.
   */
  readonly admin?: AdminOptions;
  /**
   * Whether to serve the pages `/forgot` and `/reset`, plain and without script, for apps that have none of their own. If
   * mail is set up and they are not served, `links` must say where the links of mails lead. Default false in a
   * plugin, true in the standalone server.
   */
  readonly pages?: boolean;
  /** How register and login answer a request without `?transport=`. Default `body`. */
  readonly transport?: AnswerTransport;
  /**
   * Serve `/openapi.json` and a page to try the API at `/docs`; the host's own routes are in it too.
   * Default false in a plugin, true in the standalone server.
   */
  readonly docs?: boolean;
  /**
   * Which errors of your own routes are answered with a problem document: those that Latchkey threw (`own`), or
   * `all`. A route with an `errorHandler` of its own answers all of its errors itself. The app's error handler gets the
   * remaining ones. Default `own` in a plugin, `all` in the standalone server.
   */
  readonly errors?: 'own' | 'all';
  /**
   * Another name for the user on a request, in case another library adds `request.user`. With `account` there are
   * `request.account` and `app.requireAccount()`; declare the name in `UserDecorations`. Default `user`.
   */
  readonly as?: string;
}

const serverOptionChecks = {
  // The table of routes checks the names.
  paths: mapOf(anything),
  cookies: COOKIE_NAMES,
  cookiesWithoutOrigin: oneOf('refuse', 'accept'),
  // Their names are checked where they are read.
  answers: mapOf(anything),
  details: mapOf(anything),
  admin: optionsOf({ role: aString } satisfies OptionChecks<AdminOptions>),
  pages: aBoolean,
  transport: oneOf('body', 'cookie'),
  docs: aBoolean,
  errors: oneOf('own', 'all'),
  as: aDecorationName,
} satisfies OptionChecks<ServerOptions>;

/** The options of the plugin, by name. */
export const pluginOptionChecks = {
  ...latchkeyOptionChecks,
  ...serverOptionChecks,
} satisfies OptionChecks<LatchkeyPluginOptions>;

/** Options of the plugin: settings, what only code can give, and the HTTP side. Nothing is required. */
export interface LatchkeyPluginOptions extends LatchkeyOptions, ServerOptions {}

/** Separates the options of the HTTP side from those of {@link openLatchkey}. */
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
