// Another process that verifies the tokens of roles-verify-dashboard on its own, with the public key.
// Run it with PORT=8001. It fetches the key and nothing else, so it does not hear of revocations.
import Fastify from 'fastify';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { PORT, ISSUER = 'http://127.0.0.1:8000' } = process.env;
const keys = createRemoteJWKSet(new URL(`${ISSUER}/.well-known/jwks.json`));
const expected = {
  issuer: ISSUER,
  audience: ISSUER,
  algorithms: ['ES256'],
  typ: 'at+jwt',
  clockTolerance: 5,
};

const app = Fastify();
app.get('/whoami', async (request, reply) => {
  const token = request.headers.authorization?.replace(/^Bearer /i, '') ?? '';
  try {
    const { payload } = await jwtVerify(token, keys, expected);
    return { user: payload['username'], role: payload['role'] };
  } catch {
    return reply.code(401).header('www-authenticate', 'Bearer').send({ message: 'Sign in.' });
  }
});

const address = await app.listen({ host: '127.0.0.1', port: Number(PORT ?? 8001) });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
console.log(
  `Listening on ${address}. Try: curl -H "Authorization: Bearer <token>" ${address}/whoami`,
);
