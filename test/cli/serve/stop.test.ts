import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { stopGracefully } from '../../../src/cli/serve/stop.ts';
import { Console } from '../../../src/cli/shell/terminal/console.ts';
import { readProcessIo } from '../../../src/cli/shell/this-process.ts';

/** ms; long enough to connect within, on a busy machine. */
const DRAIN = 500;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** A server that answers every request, and closes the connection as one that drains does. */
async function startStoppable(t: TestContext) {
  const server = createServer((_request, response) => {
    response.setHeader('connection', 'close').end('served');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const stop = (drain = 0) =>
    stopGracefully(new Console(readProcessIo()), { server, close, drain() {} }, drain);
  return { server, port, stop };
}

test('A connection accepted just before listening ends is served, even if its request comes later', async (t) => {
  const { server, port, stop } = await startStoppable(t);
  const socket = connect(port, '127.0.0.1');
  const [accepted]: Socket[] = await once(server, 'connection');
  assert.ok(accepted);
  const stopped = stop();
  while (server.listening) await new Promise(setImmediate);
  socket.write(REQUEST);
  assert.match(await text(socket), /^HTTP\/1\.1 200 .*served$/s);
  await stopped;
});

test('A connection whose request is slow to come is served too', async (t) => {
  const { server, port, stop } = await startStoppable(t);
  const stopped = stop(DRAIN);
  const socket = connect(port, '127.0.0.1');
  await once(server, 'connection');
  while (server.listening) await new Promise(setImmediate);
  setTimeout(() => socket.write(REQUEST), 200);
  assert.match(await text(socket), /^HTTP\/1\.1 200 .*served$/s);
  await stopped;
});

test('A connection that sends nothing delays the stop only briefly', {
  timeout: 5000,
}, async (t) => {
  const { server, port, stop } = await startStoppable(t);
  const stopped = stop(DRAIN);
  const socket = connect(port, '127.0.0.1').resume();
  await once(server, 'connection');
  const closed = once(socket, 'close');
  await stopped;
  await closed;
});
