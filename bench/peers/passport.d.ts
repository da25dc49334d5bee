/**
 * As much of passport as is used here. Its own types give `request.user` another type than Latchkey
 * gives it, and one program cannot hold both.
 */
import type { RequestHandler } from 'express';
import type { Strategy } from 'passport-jwt';

declare const passport: {
  use(strategy: Strategy): void;
  authenticate(strategy: 'jwt', options: { readonly session: false }): RequestHandler;
};
export default passport;
