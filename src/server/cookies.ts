import { stringifySetCookie } from 'cookie';
import type { FastifyReply } from 'fastify';
import type { SignIn } from '../auth/sign-in.ts';
import { type CookieNames, createTokenCookies, type TokenCookies } from '../guard/cookies.ts';

/** Writes and finds the two cookies that keep a browser signed in. */
export interface AuthCookies extends TokenCookies {
  set(reply: FastifyReply, signIn: SignIn): void;
  clear(reply: FastifyReply): void;
}

/**
 * Under an https issuer the cookies carry `__Host-` and `Secure`. They are always `HttpOnly`, so that
 * script cannot read them, and `SameSite=Lax`.
 */
export function createAuthCookies(issuer: string, given: CookieNames = {}): AuthCookies {
  const secure = issuer.startsWith('https:');
  const cookies = createTokenCookies(secure, given);
  const { access, refresh } = cookies.names;

  const write = (name: string, value: string, maxAge: number) =>
    stringifySetCookie({ name, value, maxAge, path: '/', httpOnly: true, sameSite: 'lax', secure });

  return {
    ...cookies,
    set(reply, signIn) {
      reply.header('set-cookie', [
        write(access, signIn.accessToken, signIn.expiresIn),
        write(refresh, signIn.refreshToken, signIn.refreshExpiresIn),
      ]);
    },
    clear(reply) {
      reply.header('set-cookie', [write(access, '', 0), write(refresh, '', 0)]);
    },
  };
}
