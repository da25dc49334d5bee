// A browser stays signed in by cookies; tokens are signed with an RS256 key pair from .env.
// JWT_PRIVATE_KEY in .env or the environment is base64 of a PEM:
//   openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 | base64 -w0
// The data lives where DATABASE_URL says (or LATCHKEY_DATABASE_URL), by default in an SQLite file.
// PostgreSQL wants LATCHKEY_SECRET as well: openssl rand -base64 32
import { existsSync } from 'node:fs';
import { createApp } from 'latchkey/server';

if (existsSync('.env')) process.loadEnvFile();
const { PORT, DATABASE_URL, JWT_PRIVATE_KEY } = process.env;
if (JWT_PRIVATE_KEY === undefined) console.log('JWT_PRIVATE_KEY is not set: made a key pair.');

const app = await createApp({
  port: PORT,
  databaseUrl: DATABASE_URL,
  algorithm: 'RS256',
  ...(JWT_PRIVATE_KEY && { signingKey: JWT_PRIVATE_KEY }),
  accessTokenTtl: '15m',
  refreshTokenTtl: '60m',
  claims: () => ({ nbf: Math.floor(Date.now() / 1000) }),
  fields: {
    first_name: { type: 'string', required: true },
    last_name: { type: 'string', required: true },
    passwordConfirm: { type: 'repeat', of: 'password' },
  },
  transport: 'cookie',
  cookies: { access: 'access_token', refresh: 'refresh_token' },
  corsOrigins: 'http://localhost:3000',
  paths: {
    register: '/api/auth/register',
    login: '/api/auth/login',
    refresh: 'GET /api/auth/refresh',
    logout: '/api/auth/logout',
  },
});
app.get('/api/dashboard/dashboard', { onRequest: app.requireUser() }, async (request) => {
  const { email, profile } = await app.latchkey.auth.findMe(request.user);
  return { message: `Welcome ${profile['first_name']}!`, email };
});

const { host, port } = app.latchkey.settings;
const address = await app.listen({ host, port });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
console.log(`Listening on ${address}. Try it at ${address}/docs`);
