import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, Server, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { after, suite, test } from 'node:test';
import { findClientKey } from '../../src/auth/clients/client-key.ts';
import type { RevocationNews } from '../../src/auth/revocations/revocation-log.ts';
import { ServerOverloaded, StoreUnavailable } from '../../src/kernel/errors.ts';
import { isConnected } from '../../src/server/features/revocation-feed/feed-listener.ts';
import {
  type BroadcastOptions,
  RevocationBroadcast,
} from '../../src/server/features/revocation-feed/revocation-broadcast.ts';
import { openTestAuth } from '../support/auth.ts';
import { openFeed } from '../support/feed.ts';

/** A log that says what the test says. */
class TestLog {
  position = 7;
  silenceMs = 0;
  batches: string[] = [];
  readonly followers = new Set<(news: RevocationNews) => void>();
  follow(follower: (news: RevocationNews) => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }
  after(): string[] {
    return this.batches;
  }
  tell(news: RevocationNews): void {
    for (const follower of this.followers) follower(news);
  }
}

/** @param admit awaited before a listener is added, as the look-up of its key is */
async function start(
  options: Partial<BroadcastOptions> = {},
  { http2 = false, admit = async (_response: ServerResponse) => {} } = {},
) {
  const log = new TestLog();
  const secrets = new Set(['a', 'b']);
  const broadcast = new RevocationBroadcast({
    log,
    listSecretIds: async () => secrets,
    heartbeatMs: 10,
    ...options,
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    await admit(response);
    if (!http2 && isConnected(response)) response.writeHead(200, { connection: 'close' });
    // `/a` is the client a with the secret of that name, and `/a:next` the same with another.
    const secretId = request.url?.slice(1) ?? '';
    broadcast.add(response, { clientId: secretId.split(':', 1)[0] ?? '', secretId }, undefined);
  };
  const server = http2
    ? createHttp2Server(answer as unknown as Parameters<typeof createHttp2Server>[0])
    : createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    broadcast.close();
    if (server instanceof Server) server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const open = (secret = 'a') => openFeed(`http://127.0.0.1:${port}/${secret}`);
  return { log, secrets, broadcast, port, open };
}

const live = ({ id }: { id: string | undefined }) => id !== undefined;

test('A heartbeat comes again and again, to all who listen', async () => {
  const { open } = await start();
  for (const feed of [await open('a'), await open('b')]) {
    await feed.until(({ text }) => text.includes('id: 7\nevent: live\ndata: {}\n\n:\n\n:\n\n'));
    feed.cut();
  }
});

test('News that comes while a listener catches up moves its position only at the end', async () => {
  const { open, log } = await start();
  log.after = () => {
    // Between the first batch and the second.
    queueMicrotask(() => log.tell({ batches: ['[[8,"s","new",9]]'], position: 8 }));
    return ['[[1,"s","old",9]]', '[[2,"s","older",9]]'];
  };
  const feed = await open();
  await feed.until(({ id }) => id !== undefined);
  // A listener that is cut off before `live` would otherwise resume at 8, and never hear of 2.
  const events = feed.text.split('\n\n').filter((event) => event.includes('data: [['));
  assert.match(events.join(), /"old".*"new".*"older"/s);
  assert.ok(!feed.text.includes('id: 8'));
});

test('The feed of a client that was deleted ends; the others’ go on', async () => {
  const { open, secrets, broadcast } = await start();
  const [a, b] = [await open('a'), await open('b')];
  await b.until(live);
  secrets.delete('a');
  await a.ended();
  secrets.add('a');
  const { length } = b.text;
  await b.until(({ text }) => text.length > length + 10);
  assert.equal(broadcast.size, 1);
});

test('A feed ends with the secret that opened it; one of the client’s new secret goes on', {
  timeout: 30_000,
}, async () => {
  await using testAuth = await openTestAuth();
  const { clients } = testAuth.auth;
  const { client, key } = await clients.create({ name: 'api', kind: 'guard' });
  const prove = async (given: string) => {
    const { secretId } = await clients.authenticate(findClientKey(given));
    return `${client.id}:${secretId}`;
  };
  const { open, broadcast } = await start({
    // The path has both ids; the secrets of the domain have their own alone.
    listSecretIds: async () =>
      new Set([...(await clients.listSecretIds())].map((id) => `${client.id}:${id}`)),
  });
  const old = await open(await prove(key));
  const { key: next } = await clients.rotateSecret(client.id);
  const first = await open(await prove(next));
  for (const feed of [old, first]) await feed.until(live);
  testAuth.clock.step(24 * 3600 - 1);
  const { length } = old.text;
  await old.until(({ text }) => text.length > length + 10);
  testAuth.clock.step(1);
  await old.ended();
  assert.equal(broadcast.size, 1);

  const { key: last } = await clients.rotateSecret(client.id, { overlapSeconds: 0 });
  const second = await open(await prove(last));
  await first.ended();
  await second.until(live);
  await clients.delete(client.id);
  await second.ended();
  assert.equal(broadcast.size, 0);
});

test('A database that does not answer takes no guard’s feed', async () => {
  let asked = 0;
  const looks: unknown[] = [];
  const away = new StoreUnavailable('away');
  const { open } = await start({
    listSecretIds: async () => {
      asked++;
      if (asked % 2 === 0) throw away;
      return new Set(['a']);
    },
    onLook: (error) => looks.push(error),
  });
  const feed = await open();
  await feed.until(() => asked > 4);
  assert.equal(feed.isOver, false);
  assert.deepEqual(looks.slice(0, 4), [undefined, away, undefined, away], 'and the reason is told');
});

test('A node that cannot read the log ends the feeds and takes no new ones', async () => {
  const { open, log, broadcast } = await start();
  const feed = await open();
  await feed.until(live);
  log.silenceMs = 10_001;
  await feed.ended();
  assert.throws(() => broadcast.assertReady(), StoreUnavailable);
  log.silenceMs = 10_000;
  broadcast.assertReady();
});

test('No listener is added beyond the limits of the node and of each client', async () => {
  const { open, broadcast } = await start({ maxListeners: 2 });
  const feeds = [await open(), await open()];
  assert.throws(() => broadcast.assertReady(), ServerOverloaded);
  const [first, second] = feeds;
  first?.cut();
  while (broadcast.size === 2) await new Promise(setImmediate);
  broadcast.assertReady();
  second?.cut();
});

test('One client cannot take the places of the others, whichever of its keys it uses', async () => {
  const { open, broadcast } = await start({ heartbeatMs: 60_000, maxListenersPerClient: 2 });
  const feeds = [await open('a'), await open('a:next'), await open('b')];
  assert.throws(() => broadcast.assertReady('a'), /2 open feeds.*clients create/);
  broadcast.assertReady('b');
  broadcast.assertReady('c');
  feeds[0]?.cut();
  while (broadcast.size === 3) await new Promise(setImmediate);
  broadcast.assertReady('a');
  for (const feed of feeds) feed.cut();
});

/** A look-up of a key that takes until its guard has hung up. */
function createSlowLookUp() {
  const [asked, added] = [1, 2].map(() => Promise.withResolvers<void>());
  assert.ok(asked && added);
  const admit = async (response: ServerResponse) => {
    asked.resolve();
    await once(response, 'close');
    setImmediate(added.resolve);
  };
  return { admit, asked: asked.promise, added: added.promise };
}

suite('A guard that hangs up while its key is looked up takes no place', () => {
  test('over HTTP/1.1', async () => {
    const { admit, asked, added } = createSlowLookUp();
    const { broadcast, port } = await start({ heartbeatMs: 60_000 }, { admit });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked;
    socket.destroy();
    await added;
    assert.equal(broadcast.size, 0);
  });

  test('over HTTP/2, by its stream or its connection', async () => {
    for (const hangUp of ['stream', 'session'] as const) {
      const { admit, asked, added } = createSlowLookUp();
      const { broadcast, port } = await start({ heartbeatMs: 60_000 }, { admit, http2: true });
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      after(() => session.destroy());
      const stream = session.request({ ':path': '/a' });
      stream.on('error', () => {});
      await asked;
      if (hangUp === 'stream') stream.close(8);
      else session.destroy();
      await added;
      assert.equal(broadcast.size, 0, hangUp);
    }
  });
});

test('A listener over HTTP/2 leaves when its stream ends', async () => {
  const { broadcast, port } = await start({ heartbeatMs: 60_000 }, { http2: true });
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  after(() => session.destroy());
  const stream = session.request({ ':path': '/a' });
  await once(stream, 'data');
  assert.equal(broadcast.size, 1);
  stream.close(8);
  while (broadcast.size > 0) await new Promise(setImmediate);
});

test('A listener that ended without an event is dropped by the next heartbeat', async () => {
  const { broadcast } = await start();
  const response = Object.assign(new EventEmitter(), { destroyed: false, write: () => true });
  broadcast.add(response as never, { clientId: 'a', secretId: 'a' }, undefined);
  assert.equal(broadcast.size, 1);
  response.destroyed = true;
  while (broadcast.size > 0) await new Promise(setImmediate);
});

test('A guard that comes while the database is asked about guards is not taken for a deleted one', async () => {
  const [asked, answer] = [1, 2].map(() => Promise.withResolvers<void>());
  assert.ok(asked && answer);
  const { open, broadcast } = await start({
    listSecretIds: async () => {
      asked.resolve();
      await answer.promise;
      return new Set(['a']);
    },
  });
  const first = await open('a');
  await asked.promise;
  const second = await open('new');
  await second.until(live);
  answer.resolve();
  await new Promise(setImmediate);
  assert.equal(broadcast.size, 2);
  for (const feed of [first, second]) feed.cut();
});

test('News comes in the words it was put in, and the position after it', async () => {
  const { open, log } = await start({ heartbeatMs: 60_000 });
  const feed = await open();
  await feed.until(live);
  const { length } = feed.text;
  log.tell({ batches: ['[]'], position: undefined });
  log.tell({ batches: ['[]', '[ ]'], position: 12 });
  log.tell({ batches: [], position: 13 });
  await feed.until(({ id }) => id === '13');
  const revoked = (data: string) => `event: revoked\ndata: ${data}\n\n`;
  assert.equal(
    feed.text.slice(length),
    `${revoked('[]')}${revoked('[]')}${revoked('[ ]')}id: 12\n\nid: 13\n\n`,
  );
  feed.cut();
});

/** Opens a connection that asks and then reads nothing. */
async function openDeaf(port: number) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.pause();
  socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
  socket.on('error', () => {});
  after(() => socket.destroy());
}

/** 64 kB that are one batch. */
const big = `[[1,"s","a",1,0,"${'x'.repeat(64 * 1024)}"]]`;

test('Who does not read is dropped before it fills the memory, and holds up nobody', async () => {
  const { open, log, broadcast, port } = await start({ heartbeatMs: 60_000 });
  await openDeaf(port);
  while (broadcast.size === 0) await new Promise(setImmediate);
  const feed = await open('b');
  await feed.until(live);
  let position = 100;
  // What the system itself buffers for the two ends of a connection is some megabytes.
  while (broadcast.size === 2 && position < 2_000) {
    log.tell({ batches: [big], position: ++position });
    await feed.until(({ id }) => id === String(position));
  }
  assert.equal(broadcast.size, 1);
  assert.equal(feed.isOver, false);
  feed.cut();
});

test('Who does not read what it asked for is given up after two heartbeats', async () => {
  const { log, broadcast, port } = await start({ heartbeatMs: 50 });
  log.batches = Array.from({ length: 1_000 }, () => big);
  await openDeaf(port);
  while (broadcast.size === 0) await new Promise(setImmediate);
  while (broadcast.size > 0) await new Promise(setImmediate);
});

test('Closed, it ends what is open, deaf ones too, and takes nothing new', async () => {
  const { open, log, broadcast, port } = await start({ heartbeatMs: 60_000 });
  const feed = await open();
  await feed.until(live);
  log.batches = Array.from({ length: 1_000 }, () => big);
  await openDeaf(port);
  while (broadcast.size < 2) await new Promise(setImmediate);
  broadcast.close();
  broadcast.close();
  await feed.ended();
  assert.throws(() => broadcast.assertReady(), StoreUnavailable);
  assert.equal(log.followers.size, 0);
  while (broadcast.size > 0) await new Promise(setImmediate);
});
