/**
 * As much of @fastify/jwt as is used here. Its own types give `request.user` a type for every file
 * there is, another than Latchkey gives it, and one program cannot hold both.
 */
import type { FastifyPluginAsync } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    jwtVerify(): Promise<unknown>;
  }
}

declare const fastifyJwt: FastifyPluginAsync<{
  readonly secret: string | { readonly private: string; readonly public: string };
  readonly sign?: { readonly algorithm: string };
  readonly verify?: { readonly cache: number };
}>;
export default fastifyJwt;
