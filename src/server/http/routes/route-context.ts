import type { FastifyRequest } from 'fastify';
import type { RequireUser } from '../../../guard/adapters/fastify/require-user.ts';
import type { CredentialReader } from '../../../guard/request/credentials.ts';
import type { OriginRules } from '../../../guard/request/same-origin.ts';
import type { AuthenticatedUser } from '../../../guard/verify/authenticated-user.ts';
import type { Latchkey } from '../../../system/latchkey.ts';
import type { Answers, AnswerTransport } from '../answers.ts';
import type { AuthCookies } from '../auth-cookies.ts';
import type { SendError } from '../errors/send-error.ts';
import type { RouteTable } from './route-table.ts';

/** What the routes share. */
export interface RouteContext {
  readonly latchkey: Latchkey;
  readonly routes: RouteTable;
  /** What the host's app puts before the paths of the table: `''`, or `/api`, without a slash at the end. */
  readonly prefix: string;
  /** The server's metadata, as all features describe it. @see RFC 8414 */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly cookies: AuthCookies;
  readonly credentials: CredentialReader;
  readonly originRules: OriginRules;
  readonly requireUser: RequireUser;
  /** The user of a request, behind `requireUser`. */
  readonly getUser: (request: FastifyRequest) => AuthenticatedUser;
  /** The role that may use the routes of administration; undefined: there are none. */
  readonly adminRole: string | undefined;
  /** Whether the pages that the links of mails lead to are served. */
  readonly hasPages: boolean;
  readonly answers: Answers;
  readonly sendError: SendError;
  /** For register and login, unless `?transport=` says otherwise. */
  readonly transport: AnswerTransport;
}

const contexts = new WeakMap<object, RouteContext>();

/** Keeps the context of a plugin for the standalone server, which adds routes of its own. */
export function rememberContext(decorator: object, context: RouteContext): void {
  contexts.set(decorator, context);
}

/** @param decorator `app.latchkey` */
export function recallContext(decorator: object): RouteContext {
  const context = contexts.get(decorator);
  if (context === undefined) throw new Error('The plugin has not been registered on this app.');
  return context;
}
