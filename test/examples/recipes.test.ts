import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { createTestIssuer } from 'latchkey/testing';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { createGraphql } from '../../examples/recipes/graphql.ts';
import { createApp as createOptionalApp } from '../../examples/recipes/optional-user.ts';
import { createApp as createSeveralApp } from '../../examples/recipes/several-guards.ts';
import { createSocketIo } from '../../examples/recipes/socket-io.ts';
import { createContext, createRouter } from '../../examples/recipes/trpc.ts';
import { createSocketServer } from '../../examples/recipes/ws.ts';

const root = join(import.meta.dirname, '../..');
const issuer = createTestIssuer();
const { guard } = issuer;
const jane = issuer.signInAs({ username: 'jane' });
const admin = issuer.signInAs({ username: 'root', roles: ['admin'] });

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
});

async function listen(server: Server): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

suite('ws', () => {
  let address: string;
  before(async () => {
    address = await listen(createSocketServer(guard));
  });

  test('serves signed-in clients and refuses the others at the handshake', async () => {
    const socket = new WebSocket(`ws://${address}`, { headers: jane.headers });
    await once(socket, 'open');
    socket.send('good morning');
    const [message] = await once(socket, 'message');
    assert.equal(String(message), 'jane says good morning');
    socket.terminate();

    const { cookie } = jane.cookies;
    for (const headers of [{}, { authorization: 'Bearer a.b.c' }, { cookie: String(cookie) }]) {
      const refused = new WebSocket(`ws://${address}`, { headers });
      const [, response] = await once(refused, 'unexpected-response');
      assert.equal(response.statusCode, headers.cookie === undefined ? 401 : 403);
    }
  });

  test('closes a socket whose session has ended at its next message', async () => {
    const phone = issuer.signInAs({ username: 'jane' });
    const socket = new WebSocket(`ws://${address}`, { headers: phone.headers });
    await once(socket, 'open');
    issuer.revoke(phone);
    socket.send('still here?');
    const [code] = await once(socket, 'close');
    assert.equal(code, 4401);
  });
});

suite('Socket.IO', () => {
  const server = createSocketIo(guard, 0);
  const clients: Socket[] = [];
  after(async () => {
    for (const client of clients) client.disconnect();
    await server.close();
  });
  const url = () => `http://127.0.0.1:${(server.httpServer.address() as AddressInfo).port}`;
  const connect = (token: string): Socket => {
    // Without an upgrade from polling: one that is under way when the client leaves keeps timers for 20 seconds.
    const socket = io(url(), { auth: { token }, reconnection: false, transports: ['websocket'] });
    clients.push(socket);
    return socket;
  };

  test('serves signed-in clients and tells the others why not', async () => {
    const socket = connect(jane.token);
    assert.equal(await socket.emitWithAck('say', 'hello'), 'jane says hello');
    const error = await new Promise<Error & { data?: { code?: string } }>((resolve) => {
      connect('a.b.c').on('connect_error', resolve);
    });
    assert.equal(error.data?.code, 'token_untrusted');
  });

  test('disconnects a client whose session has ended', async () => {
    const phone = issuer.signInAs();
    const socket = connect(phone.token);
    await new Promise((resolve) => socket.on('connect', () => resolve(undefined)));
    issuer.revoke(phone);
    const gone = new Promise((resolve) => socket.on('disconnect', resolve));
    socket.emit('say', 'still here?');
    assert.equal(await gone, 'io server disconnect');
  });
});

test('tRPC: procedures for signed-in users and for one role', async () => {
  const router = createRouter(guard);
  const address = await listen(createHTTPServer({ router, createContext }));
  const as = (headers: Record<string, string>) =>
    createTRPCClient<typeof router>({ links: [httpLink({ url: `http://${address}`, headers })] });
  const codeOf = async (call: Promise<unknown>) =>
    call.then(
      () => 'passed',
      (error) => (error instanceof TRPCClientError ? error.data.code : error),
    );
  assert.equal(await as(jane.headers).hello.query(), 'Hello, jane.');
  assert.equal(await as(admin.headers).report.query(), 'Only for admins.');
  assert.equal(await codeOf(as(jane.headers).report.query()), 'FORBIDDEN');
  assert.equal(await codeOf(as({}).hello.query()), 'UNAUTHORIZED');
});

test('GraphQL: resolvers for everybody and for signed-in users', async () => {
  const address = await listen(createServer(createGraphql(guard)));
  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://${address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return (await response.json()) as {
      data: unknown;
      errors?: readonly { extensions: { code: string } }[];
    };
  };
  assert.deepEqual((await ask('{ public }')).data, { public: 'Everybody may read this.' });
  assert.deepEqual((await ask('{ me }', jane.headers)).data, { me: 'jane' });
  const refused = await ask('{ me }');
  assert.equal(refused.errors?.[0]?.extensions.code, 'token_missing');
});

test('NestJS: a guard for controllers', async (t) => {
  const project = join(root, 'examples/recipes/nestjs');
  const build = join(project, '.build');
  const compiler = join(root, 'node_modules/.bin/tsc');
  execFileSync(compiler, ['-p', project, '--noEmit', 'false', '--outDir', build]);
  t.after(() => rmSync(build, { recursive: true, force: true }));
  const { createAppModule } = await import(join(build, 'examples/recipes/nestjs/app.js'));
  const { NestFactory } = await import('@nestjs/core');
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  const app = await NestFactory.create(createAppModule(guard), new FastifyAdapter(), {
    logger: false,
  });
  t.after(() => app.close());
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(url + path, { headers });
  assert.equal((await get('/')).status, 200);
  const answer = await get('/hello', jane.headers);
  assert.deepEqual(await answer.json(), { message: 'Hello, jane.' });
  const refused = await get('/hello');
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer/);
  const problem = (await refused.json()) as { code: string };
  assert.equal(problem.code, 'token_missing');
});

test('Optional authentication: guests and users pass, a token that is not accepted does not', async () => {
  const app = createOptionalApp(guard);
  const get = (headers: Record<string, string> = {}) => app.request('/', { headers });
  assert.deepEqual(await (await get()).json(), { message: 'Hello, guest.' });
  assert.deepEqual(await (await get(jane.headers)).json(), { message: 'Hello, jane.' });
  const gone = issuer.signInAs();
  issuer.revoke(gone);
  assert.equal((await get(gone.headers)).status, 401);
});

test('Several guards: each route takes the tokens of its own issuers', async () => {
  const other = createTestIssuer({ issuer: 'https://staff.test' });
  const app = createSeveralApp(guard, other.guard);
  const ann = other.signInAs({ id: 'ann', roles: ['analyst'] });
  const get = async (path: string, { headers }: { headers: Record<string, string> }) => {
    const answer = await app.request(path, { headers });
    return answer.status === 200 ? await answer.json() : answer.status;
  };
  assert.deepEqual(await get('/orders', jane), { of: 'jane' });
  assert.equal(await get('/orders', ann), 401);
  assert.deepEqual(await get('/reports', ann), { for: 'ann' });
  assert.equal(await get('/reports', jane), 401);
  assert.equal(await get('/reports', other.signInAs()), 403);
  assert.deepEqual(await get('/help', jane), { issuer: issuer.issuer });
  assert.deepEqual(await get('/help', ann), { issuer: 'https://staff.test' });
});

const names = [
  'ws',
  'socket-io',
  'trpc',
  'graphql',
  'nestjs/latchkey.guard',
  'optional-user',
  'several-guards',
];

test('docs/recipes.md shows the recipes as they are tested, none longer than 20 lines', () => {
  const page = readFileSync(join(root, 'docs/recipes.md'), 'utf8');
  for (const name of names) {
    const recipe = readFileSync(join(root, `examples/recipes/${name}.ts`), 'utf8');
    assert.ok(page.includes(`\`\`\`ts\n${recipe}\`\`\``), `${name} differs from its file`);
    const code = recipe.replaceAll(/^import [^;]*;$/gm, '').split('\n');
    const lines = code.filter((line) => !/^\s*(\/\/.*)?$/.test(line));
    assert.ok(lines.length <= 20, `${name} has ${lines.length} lines`);
  }
});
