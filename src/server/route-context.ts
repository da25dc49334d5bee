import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  HookHandlerDoneFunction,
  RouteOptions,
} from 'fastify';
import type { RequireUser } from '../guard/adapters/fastify/require-user.ts';
import { assertNoTokenInAddress } from '../guard/request/address-token.ts';
import type { CredentialReader } from '../guard/request/credentials.ts';
import type { OriginRules } from '../guard/request/same-origin.ts';
import type { AuthenticatedUser } from '../guard/verify/authenticated-user.ts';
import type { Latchkey } from '../system/latchkey.ts';
import type { Answers, AnswerTransport, RouteAnswers } from './http/answers.ts';
import type { AuthCookies } from './http/auth-cookies.ts';
import type { SendError } from './http/errors/send-error.ts';
import { object, optional, type Schema } from './http/schemas/json-schema.ts';
import type { RouteName, RouteTable } from './routes-table.ts';

/** What the routes share. */
export interface RouteContext {
  readonly latchkey: Latchkey;
  readonly routes: RouteTable;
  /** What the host's app puts before the paths of the table: `''`, or `/api`, without a slash at the end. */
  readonly prefix: string;
  readonly cookies: AuthCookies;
  readonly credentials: CredentialReader;
  readonly originRules: OriginRules;
  readonly requireUser: RequireUser;
  /** The user of a request, behind `requireUser`. */
  readonly getUser: (request: FastifyRequest) => AuthenticatedUser;
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

/** Adds a route where the table has it; does nothing where it is left out. */
export function addRoute(
  app: FastifyInstance,
  context: RouteContext,
  name: RouteName,
  options: Omit<RouteOptions, 'method' | 'url'>,
): void {
  const address = context.routes.get(name);
  if (address === undefined) return;
  const schema = {
    operationId: name,
    ...describeAnswer(createSchema(options.schema, address.method), context, name),
  };
  const onRequest = [options.onRequest ?? []].flat();
  // The documents for programs take no token, in whatever way.
  if (name !== 'jwks' && name !== 'metadata') onRequest.unshift(refuseTokenInAddress);
  // A route with a handler of its own is not answered as the routes of the host are.
  const errorHandler: RouteOptions['errorHandler'] = (error, request, reply) =>
    context.sendError(request, reply, error);
  app.route({ errorHandler, ...options, ...address, schema, onRequest });
}

/** A route renamed to GET has no body, and Fastify takes no description of one. */
function createSchema(schema: FastifySchema = {}, method: string): FastifySchema {
  if (method !== 'GET') return schema;
  const { body: _, ...others } = schema;
  return others;
}

function refuseTokenInAddress(
  request: FastifyRequest,
  _reply: FastifyReply,
  done: HookHandlerDoneFunction,
): void {
  try {
    assertNoTokenInAddress(request.raw.url);
    done();
  } catch (error) {
    done(error as Error);
  }
}

/** Where the host shapes the answer, the documentation tells its members, or that it is the host's. */
function describeAnswer(
  schema: FastifySchema,
  { answers }: RouteContext,
  name: RouteName,
): FastifySchema {
  // A changed password is answered as a refresh is.
  const shape = answers.given[(name === 'password' ? 'refresh' : name) as keyof RouteAnswers];
  if (shape === undefined) return schema;
  const { 204: nothing, ...responses } = schema.response as Record<string, Schema>;
  const status = name === 'register' ? 201 : 200;
  const description = nothing?.['description'] ?? responses[status]?.['description'];
  const members = typeof shape === 'function' ? [] : shape;
  const body = object(Object.fromEntries(members.map((member) => [member, optional({})])), {
    description,
    ...(members.length === 0 ? { additionalProperties: true } : {}),
  });
  return { ...schema, response: { ...responses, [status]: body } };
}
