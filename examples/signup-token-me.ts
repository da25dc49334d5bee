// People sign up, get tokens by form and ask who they are, served by several worker processes.
// The workers share one database: what one of them ends, the others refuse. Try:
//   curl -d 'username=alice&password=secret' http://127.0.0.1:8000/token
import { randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import { latchkey, serve } from 'latchkey/server';

if (process.env['SECRET_KEY'] === undefined) {
  console.log('SECRET_KEY is not set: signing with a random one.');
  process.env['SECRET_KEY'] = randomBytes(32).toString('base64url');
}
const { PORT, SECRET_KEY = '' } = process.env;
const tokens = ['access_token', 'refresh_token', 'token_type'];

async function createApp() {
  const app = Fastify();
  await app.register(latchkey, {
    port: PORT,
    algorithm: 'HS256',
    signingKey: SECRET_KEY,
    accessTokenTtl: '30m',
    refreshTokenTtl: '7d',
    errors: 'all',
    docs: true,
    paths: { register: false, token: false, login: '/token', me: '/users/me', refresh: '/refresh' },
    answers: { login: tokens, refresh: tokens, me: ['id', 'username', 'email'] },
  });
  // From the old system: its hash is imported as it is, and replaced when alice signs in.
  const passwordHash = '$2b$12$OXpYisOPeAENb10TpZwmPuHE.QaO9s/ZRqmqnM9U1kBDNM94Qdot2';
  await app.latchkey.users.ensure({ username: 'alice', email: 'alice@example.com', passwordHash });

  const body = { type: 'object', required: ['username', 'email', 'password'] };
  app.post('/signup', { schema: { body } }, async (request) => {
    const { id, username, email } = await app.latchkey.auth.createAccountRaw(request.body);
    return { id, username, email };
  });
  app.get('/', () => ({ message: 'Hello World!' }));
  app.addHook('onSend', async (_request, reply) => void reply.header('x-worker', process.pid));
  return app;
}

await serve(createApp, { workers: 3 });
