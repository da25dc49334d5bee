/** A Fastify app with one route and nothing else: what a start is compared with. JavaScript, as `dist` is. */
import Fastify from 'fastify';

const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
const app = Fastify();
app.get('/healthz', () => ({ status: 'ok' }));
await app.listen({ port, host: '127.0.0.1' });
