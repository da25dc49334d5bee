import { DatabaseSync } from 'node:sqlite';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import type { Handler, Hono } from 'hono';
import type { Protection } from './protection.ts';

type Setup = Extract<Protection, { by: 'better-auth' }>;

/**
 * Its session check as its documentation shows it for Hono. It looks up the session and the user in its
 * database at each request, here in memory: the fastest it can be given. With its cookie cache it looks at
 * a signed copy of both in a second cookie, for as long as that counts.
 */
export async function addBetterAuth(
  app: Hono,
  handler: Handler,
  { users, cookieCache }: Setup,
): Promise<{ cookies: readonly string[] }> {
  const options = {
    database: new DatabaseSync(':memory:'),
    baseURL: 'http://127.0.0.1:8000',
    secret: 'a secret for measuring, useless elsewhere',
    telemetry: { enabled: false },
    logger: { disabled: true },
    emailAndPassword: {
      enabled: true,
      // Signing in is not what is measured here.
      password: { hash: async (password) => password, verify: async () => true },
    },
    session: { cookieCache: { enabled: cookieCache, maxAge: 24 * 60 * 60 } },
  } satisfies BetterAuthOptions;
  const migrations = await getMigrations(options);
  await migrations.runMigrations();
  const auth = betterAuth(options);

  app.use('/protected', async (c, next) => {
    const session = await auth.api.getSession({ headers: c.req.raw.headers });
    if (session === null) return c.json({ message: 'You must sign in.' }, 401);
    await next();
    return undefined;
  });
  app.get('/protected', handler);

  const cookies: string[] = [];
  for (let index = 0; index < users; index++) {
    const { headers } = await auth.api.signUpEmail({
      body: {
        name: `user-${index}`,
        email: `user-${index}@example.org`,
        password: 'correct horse battery',
      },
      returnHeaders: true,
    });
    const pairs = headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
    cookies.push(pairs.join('; '));
  }
  return { cookies };
}
