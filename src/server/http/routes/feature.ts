import type { FastifyInstance, RouteOptions } from 'fastify';
import type { RouteAnswers } from '../answers.ts';
import type { RouteContext } from './route-context.ts';

/** A route as a feature adds it: all but its address, which the table has. */
export interface FeatureRoute extends Omit<RouteOptions, 'method' | 'url'> {
  /** Whose body of the option `answers` this route answers with. Default: none, the answer is always the standard one. */
  readonly answer?: keyof RouteAnswers;
  /**
   * Makes it a route for administrators, which exists only where the host names their role. `changes` also needs a
   * fresh authentication.
   */
  readonly admin?: 'reads' | 'changes';
  /** Whether a token in the address is refused. Default true; false for documents that take no token at all. */
  readonly refusesTokenInAddress?: boolean;
}

/**
 * The `config` of a route that answers a client's wrong key with a problem document. It is a program that was
 * refused there, so the log of refused sign-ins leaves it out.
 */
export const BY_CLIENT_KEY: object = { authenticates: 'client' };

/** Adds a route where the table has it. Does nothing where the host left it out. */
export type AddRoute<Name extends string> = (name: Name, route: FeatureRoute) => void;

/** What only the standalone server knows. */
export interface StandaloneServer {
  /** Whether the server is about to stop. */
  readonly isDraining: () => boolean;
}

/** Routes that belong together, with all that the server needs to know about them. */
export interface Feature<Name extends string> {
  /** The method and path of each route unless the host renames it, such as `POST /auth/login`. */
  readonly routes: Readonly<Record<Name, string>>;
  /** Adds the routes, in a scope that reads bodies and answers errors as Latchkey does. */
  readonly mount?: (app: FastifyInstance, context: RouteContext, addRoute: AddRoute<Name>) => void;
  /** Adds what only the standalone server has, in a scope of its own. */
  readonly mountStandalone?: (
    app: FastifyInstance,
    context: RouteContext,
    server: StandaloneServer,
  ) => void;
  /**
   * Members of the server's metadata. Undefined ones are left out.
   * @param toUrl the whole URL of a route; undefined where it is left out
   * @see RFC 8414 section 2
   */
  readonly metadata?: (
    toUrl: (name: Name) => string | undefined,
  ) => Readonly<Record<string, unknown>>;
}

/** Declares a feature. The names of its routes are those of its `routes`. */
export function defineFeature<const Name extends string>(feature: Feature<Name>): Feature<Name> {
  return feature;
}
