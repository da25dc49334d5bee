import type { FastifyInstance } from 'fastify';
import { InvalidSetting } from '../../kernel/errors.ts';
import { aStringList, type OptionChecks } from '../../kernel/options/check-options.ts';
import type { RouteTable } from './routes/route-table.ts';

/** What pages of the allowed origins may do with the app's routes, in addition to what Latchkey's routes need. */
export interface CorsOptions {
  /**
   * Methods they may use, in addition to those of Latchkey's routes. Written as a browser sends them: `PUT`, not
   * `put`. Default GET, HEAD, POST, PUT, PATCH and DELETE.
   */
  readonly methods?: readonly string[];
  /** Response headers that they may read, in addition to `WWW-Authenticate`, `Retry-After` and `RateLimit`. Default: none. */
  readonly exposedHeaders?: readonly string[];
}

export const corsOptionChecks = {
  methods: aStringList,
  exposedHeaders: aStringList,
} satisfies OptionChecks<CorsOptions>;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const EXPOSED = ['WWW-Authenticate', 'Retry-After', 'RateLimit'];
/** Seconds for which a browser may remember the answer to a preflight. */
const MAX_AGE_SECONDS = 600;

/** @see RFC 9110 section 5.6.2 */
const TOKEN = /^[!#$%&'*+.^`|~\w-]+$/;

/** Browsers compare methods case-sensitively, and send only the standard ones in upper case. */
const METHOD = /^[^a-z]+$/;

/** The routes and origins that CORS is for. */
interface CorsScope {
  /** Each exact. Without any, CORS stays off. */
  readonly origins: readonly string[];
  readonly routes: RouteTable;
}

/**
 * Lets the pages of other origins call the app with credentials.
 * @throws {InvalidSetting} for options that are not lists of methods or header names
 */
export async function addCors(
  app: FastifyInstance,
  { origins, routes }: CorsScope,
  { methods = METHODS, exposedHeaders = [] }: CorsOptions = {},
): Promise<void> {
  const exposed = [...EXPOSED, ...readTokens('cors.exposedHeaders', exposedHeaders, TOKEN)];
  const given = readTokens('cors.methods', methods, METHOD);
  if (origins.length === 0) return;
  // Methods that the host names for its own routes must not exclude those of ours.
  const ours = Array.from(routes.values(), ({ method }) => method);
  const { default: cors } = await import('@fastify/cors');
  await app.register(cors, {
    origin: [...origins],
    credentials: true,
    methods: [...new Set([...given, ...ours])],
    exposedHeaders: exposed,
    maxAge: MAX_AGE_SECONDS,
  });
}

function readTokens(option: string, tokens: readonly string[], form: RegExp): readonly string[] {
  // With credentials, a browser reads "*" as a name, not as a wildcard.
  if (tokens.every((each) => TOKEN.test(each) && form.test(each) && each !== '*')) return tokens;
  const example = option.endsWith('methods') ? '["GET", "PUT"]' : '["ETag", "X-Total-Count"]';
  throw new InvalidSetting(option, 'is not a list of names.', `Give ${example}.`);
}
