// An Express API that verifies the tokens of a Latchkey elsewhere: three lines protect a route.
// Start a Latchkey with `npm start`, and this beside it with PORT=8001.
import { createServer } from 'node:http';
import express from 'express';
import { createGuard } from 'latchkey/guard';
import { requireUser } from 'latchkey/guard/express';

const { PORT, ISSUER = 'http://127.0.0.1:8000' } = process.env;

const guard = createGuard({ issuer: ISSUER });
const app = express();
app.get('/', (_request, response) => {
  response.json({ message: 'Everybody may read this.' });
});
app.get('/hello', requireUser(guard), (request, response) => {
  response.json({ message: `Hello, ${request.user.username}.` });
});
app.get('/admin', requireUser(guard, { roles: ['admin'] }), (_request, response) => {
  response.json({ message: 'Hello, admin.' });
});

const server = createServer(app).listen(Number(PORT ?? 8001), '127.0.0.1', () => {
  const bound = server.address();
  const address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : bound}`;
  console.log(
    `Listening on ${address}. Try: curl -H "Authorization: Bearer <token>" ${address}/hello`,
  );
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
