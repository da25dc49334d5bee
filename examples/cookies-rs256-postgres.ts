// A browser stays signed in by cookies; tokens are signed with an RS256 key pair from .env.
// It reads the variables of the old .env, from the file or the environment: JWT_PRIVATE_KEY and
// JWT_PUBLIC_KEY (base64 of PEM), JWT_ALGORITHM, ACCESS_TOKEN_EXPIRE_MINUTES, REFRESH_TOKEN_EXPIRE_MINUTES,
// CLIENT_ORIGIN, and DATABASE_URL or POSTGRES_USER, _PASSWORD, _HOST, _PORT and _DB. Make a private key with
//   openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 | openssl base64 -A
// Without a database among them the data lives in an SQLite file.
import { existsSync } from 'node:fs';
import { env } from 'node:process';
import { createApp, databaseUrlFrom, serve } from 'latchkey/server';

if (existsSync('.env')) process.loadEnvFile();
if (!env['JWT_PRIVATE_KEY']) console.log('JWT_PRIVATE_KEY is not set: made a key pair.');
const user = ['id', 'first_name', 'last_name', 'email'];

await serve(async () => {
  const app = await createApp({
    port: env['PORT'],
    databaseUrl: databaseUrlFrom(env),
    deriveSecret: true,
    algorithm: env['JWT_ALGORITHM'] ?? 'RS256',
    ...(env['JWT_PRIVATE_KEY'] && { signingKey: env['JWT_PRIVATE_KEY'] }),
    ...(env['JWT_PUBLIC_KEY'] && { publicKey: env['JWT_PUBLIC_KEY'] }),
    accessTokenTtl: `${env['ACCESS_TOKEN_EXPIRE_MINUTES'] ?? 15}m`,
    refreshTokenTtl: `${env['REFRESH_TOKEN_EXPIRE_MINUTES'] ?? 60}m`,
    claims: () => ({ nbf: Math.floor(Date.now() / 1000) }),
    fields: {
      first_name: { type: 'string', required: true },
      last_name: { type: 'string', required: true },
      passwordConfirm: { type: 'repeat', of: 'password', detail: 'Passwords do not match!' },
    },
    transport: 'cookie',
    cookies: { access: 'access_token', refresh: 'refresh_token' },
    cookiesWithoutOrigin: 'accept',
    corsOrigins: env['CLIENT_ORIGIN'] ?? 'http://localhost:3000',
    paths: {
      register: '/api/auth/register',
      login: '/api/auth/login',
      refresh: 'GET /api/auth/refresh',
      logout: '/api/auth/logout',
    },
    answers: { register: user, login: user, refresh: user, logout: () => ({ status: 'success' }) },
    details: {
      email_taken: 'An account by that email already registered!',
      token_missing: 'You must refresh',
      refresh_token_missing: 'Missing refresh token!',
    },
  });
  const message = 'Hello from the dashboard!';
  app.get('/api/dashboard/dashboard', { onRequest: app.requireUser() }, () => ({ message }));
  return app;
});
