// People sign up, get tokens by form and ask who they are, served by several worker processes.
// The workers share one database and one secret: what one of them ends, the others refuse.
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import { latchkey } from 'latchkey/server';

const { PORT, SECRET_KEY } = process.env;

if (cluster.isPrimary) {
  if (SECRET_KEY === undefined) console.log('SECRET_KEY is not set: signing with a random one.');
  const env = { SECRET_KEY: SECRET_KEY ?? randomBytes(32).toString('base64url') };
  const workers = [cluster.fork(env)];
  cluster.once('listening', (_worker, { address, port }) => {
    workers.push(cluster.fork(env), cluster.fork(env));
    console.log(`Listening on http://${address}:${port}. Try it at http://${address}:${port}/docs`);
  });
  cluster.on('exit', (_worker, code) => code && process.exit(code));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => workers.forEach((worker) => void worker.process.kill()));
  }
} else {
  const app = Fastify();
  await app.register(latchkey, {
    port: PORT,
    algorithm: 'HS256',
    secret: SECRET_KEY,
    ...(SECRET_KEY && { signingKey: SECRET_KEY }),
    accessTokenTtl: '30m',
    refreshTokenTtl: '7d',
    errors: 'all',
    docs: true,
    paths: { register: false, token: false, login: '/token', me: '/users/me', refresh: '/refresh' },
  });
  const properties = { username: {}, email: {}, password: {} };
  const body = { type: 'object', properties, required: Object.keys(properties) };
  app.post('/signup', { schema: { body } }, async (request) => {
    const { id, username, email } = await app.latchkey.auth.signUp(request.body);
    return { id, username, email };
  });
  app.addHook('onSend', async (_request, reply) => void reply.header('x-worker', process.pid));

  const { host, port } = app.latchkey.settings;
  await app.listen({ host, port });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => app.close().then(() => cluster.worker?.disconnect()));
  }
}
