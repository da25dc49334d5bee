import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  HookHandlerDoneFunction,
  onRequestAsyncHookHandler,
  RouteOptions,
} from 'fastify';
import { assertNoTokenInAddress } from '../../../guard/request/address-token.ts';
import type { RouteAnswers } from '../answers.ts';
import { object, optional, type Schema } from '../schema/json-schema.ts';
import type { FeatureRoute } from './feature.ts';
import type { RouteContext } from './route-context.ts';

/** Adds a route where the table has it. Does nothing where the host left it out. */
export function addRoute(
  app: FastifyInstance,
  context: RouteContext,
  name: string,
  { answer, admin, refusesTokenInAddress = true, ...options }: FeatureRoute,
): void {
  const address = context.routes.get(name);
  if (address === undefined || (admin !== undefined && context.adminRole === undefined)) return;
  const described = describeAnswer(withoutBody(options.schema, address.method), context, answer);
  const schema = { operationId: name, ...described };
  const onRequest = [options.onRequest ?? []].flat();
  if (admin !== undefined) onRequest.push(context.requireUser(), createAdminHook(context, admin));
  if (refusesTokenInAddress) onRequest.unshift(refuseTokenInAddress);
  // A route with a handler of its own is not answered as the routes of the host are.
  const errorHandler: RouteOptions['errorHandler'] = (error, request, reply) =>
    context.sendError(request, reply, error);
  app.route({ errorHandler, ...options, ...address, schema, onRequest });
}

/** Lets only administrators pass, by the rows as they are stored. It runs after `requireUser`. */
function createAdminHook(
  { latchkey, getUser, adminRole: role = '' }: RouteContext,
  admin: NonNullable<FeatureRoute['admin']>,
): onRequestAsyncHookHandler {
  const terms = { role, needsFresh: admin === 'changes' };
  return async (request) => {
    const administration = await latchkey.auth.loadAdministration();
    await administration.authorize(getUser(request), terms);
  };
}

/** A route renamed to GET has no body, and Fastify takes no description of one. */
function withoutBody(schema: FastifySchema = {}, method: string): FastifySchema {
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

/** Where the host shapes the answer, the documentation shows its members, or that the host decides them. */
function describeAnswer(
  schema: FastifySchema,
  { answers }: RouteContext,
  answer: keyof RouteAnswers | undefined,
): FastifySchema {
  const shape = answer && answers.given[answer];
  if (shape === undefined) return schema;
  const { 204: nothing, ...responses } = schema.response as Record<string, Schema>;
  const status = Object.keys(responses).find((each) => each.startsWith('2')) ?? '200';
  const description = nothing?.['description'] ?? responses[status]?.['description'];
  const members = typeof shape === 'function' ? [] : shape;
  const body = object(Object.fromEntries(members.map((member) => [member, optional({})])), {
    description,
    ...(members.length === 0 ? { additionalProperties: true } : {}),
  });
  return { ...schema, response: { ...responses, [status]: body } };
}
