import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

const root = join(import.meta.dirname, '../..');

/** Compiles a program that re-exports the modules, and asserts that nothing in our declarations is wrong. */
export async function compileConsumer(folder: string, modules: readonly string[], more = '') {
  const exports = modules.map((name, at) => `export * as part${at} from '${name}';\n`);
  await writeFile(join(folder, 'consumer.ts'), exports.join('').concat(more));
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: 'es2024',
    module: 'nodenext',
    lib: ['es2024'],
    typeRoots: [join(root, 'node_modules/@types')],
    types: ['node'],
    // Other packages' declarations are theirs; ours are looked at below.
    skipLibCheck: false,
  };
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const output = await runCommand(
    process.execPath,
    [tsc, '--pretty', 'false', '-p', '.'],
    folder,
  ).catch((error: Error) => error.message);
  const ours = output
    .split('\n')
    .filter((line) => /^(consumer\.ts|.*node_modules\/@?latchkey\/).*error/.test(line));
  assert.deepEqual(ours, []);
}

/** Declared for the server, they are the guard's too. */
export const ownClaims = `
import type { AuthenticatedUser } from 'latchkey/guard';
import type { AuthenticatedUser as FastifyUser } from 'latchkey/guard/fastify';
declare module 'latchkey/server' {
  interface CustomClaims {
    tenant: string;
  }
}
export const lengthOf = (one: AuthenticatedUser, other: FastifyUser): number =>
  one.tenant.length + other.tenant.length;
`;

/** The app of a host: it compiles only if the plugin's types are those of the app's own Fastify. */
export const fastifyHost = `
import Fastify from 'fastify';
import { createApp, latchkey } from 'latchkey/server';
const options = {
  databaseUrl: 'sqlite::memory:',
  secret: 'a secret of this test, long enough for all',
  hashing: { memoryCost: 8, timeCost: 1, threads: 1 },
  env: {},
  envFile: false,
} as const;
const app = Fastify();
await app.register(latchkey, options);
app.get('/hello', { onRequest: app.requireUser() }, (request) => request.user.username);
const body = { username: 'jane', password: 'correct horse battery' };
const registered = await app.inject({ method: 'POST', url: '/auth/register', body });
const authorization = \`Bearer \${registered.json().access_token}\`;
const without = await app.inject('/hello');
const signedIn = await app.inject({ url: '/hello', headers: { authorization } });
await app.close();
const standalone = await createApp(options);
const health = await standalone.inject('/healthz');
await standalone.close();
console.log(app.version, without.statusCode, signedIn.statusCode, signedIn.body, health.statusCode);
`;

/** The app of a host whose `req.user` is typed by the guard, also with the types of Express 4. */
export const expressHost = `
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { requireUser } from '@latchkey/guard/express';
import { createTestIssuer } from '@latchkey/guard/testing';
const issuer = createTestIssuer();
const app = express();
app.get('/hello', requireUser(issuer.guard), (req, res) => res.send(req.user.sub));
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = \`http://127.0.0.1:\${(server.address() as AddressInfo).port}/hello\`;
const without = await fetch(url);
const signedIn = await fetch(url, { headers: issuer.signInAs().headers });
console.log(without.status, signedIn.status, await signedIn.text());
server.close();
server.closeAllConnections();
`;
