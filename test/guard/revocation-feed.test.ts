import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { chooseFeedConnection } from '../../src/guard/feed/choose-feed-connection.ts';
import {
  RevocationFeed,
  type RevocationFeedOptions,
} from '../../src/guard/feed/revocation-feed.ts';
import type { RevocationFeedStatus } from '../../src/guard/feed/revocation-status.ts';
import type { Timers } from '../../src/kernel/timing/timers.ts';
import { RevocationIndex } from '../../src/revocation/revocation-index.ts';
import { TestClock } from '../support/auth.ts';
import { startNode } from '../support/process.ts';

const KEY = `lkg_0123456789abcdef_${'k'.repeat(43)}`;
const LIVE = 'event: live\ndata: {}\n\n';
const uuid = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const revoked = (...ns: number[]) =>
  `event: revoked\ndata: ${JSON.stringify(ns.map((n) => [n, 's', uuid(n), 9e15]))}\n\n`;
const live = (id: number) => `id: ${id}\n${LIVE}`;

const readTls = (file: string) => readFileSync(new URL(`../support/tls/${file}`, import.meta.url));
const tls = { key: readTls('server-key.pem'), cert: readTls('server.pem') };

/** What does not come fails the test, and lets the file end. */
const inTime = () => ({ signal: AbortSignal.timeout(10_000) });

interface Connection {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Answers with a stream that begins so. */
  open(text?: string): void;
}

/** A server that answers as the test says, connection by connection. */
async function startScript(server: Server | TlsServer = createServer()) {
  const waiting: Connection[] = [];
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    waiting.push({
      request,
      response,
      open(text = ':\n\n') {
        response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
        response.write(text);
      },
    });
    server.emit('asked');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    // The certificate is for localhost.
    url: `${server instanceof TlsServer ? 'https://localhost' : 'http://127.0.0.1'}:${(server.address() as AddressInfo).port}/auth/revocations`,
    waiting,
    async next(): Promise<Connection> {
      while (waiting.length === 0) await once(server, 'asked', inTime());
      const [connection] = waiting.splice(0, 1);
      assert.ok(connection);
      return connection;
    },
  };
}

/** Timers that run out when the test says so. */
class TestTimers implements Timers {
  readonly running = new Map<object, { ms: number; task: () => void }>();
  readonly #heard = new EventTarget();
  start(ms: number, task: () => void): () => void {
    const id = {};
    this.running.set(id, { ms, task });
    this.#heard.dispatchEvent(new Event('start'));
    return () => this.running.delete(id);
  }
  get waits(): number[] {
    return [...this.running.values()].map(({ ms }) => ms);
  }
  /** Lets the first timer run out that waits as long, once there is one. */
  async runOut(matches: (ms: number) => boolean): Promise<number> {
    for (;;) {
      for (const [id, { ms, task }] of this.running) {
        if (!matches(ms)) continue;
        this.running.delete(id);
        task();
        return ms;
      }
      await once(this.#heard, 'start', inTime());
    }
  }
}

const isRetry = (ms: number) => ms !== 10_000 && ms !== 45_000 && ms !== 60_000;

const connections = {
  'its own connection': chooseFeedConnection(undefined),
  fetch: chooseFeedConnection((url, init) => fetch(url, init)),
};

/** A test of what must hold however the feed is requested. */
function testEach(name: string, run: (start: typeof startFeed) => Promise<void>): void {
  for (const [by, connect] of Object.entries(connections)) {
    test(`${name}, by ${by}`, () => run((changes) => startFeed({ connect, ...changes })));
  }
}

async function startFeed(changes: Partial<RevocationFeedOptions> = {}) {
  const script = await startScript();
  const clock = new TestClock();
  const timers = new TestTimers();
  const index = new RevocationIndex();
  const changed = new EventTarget();
  const feed: RevocationFeed = new RevocationFeed({
    locate: () => script.url,
    key: KEY,
    index,
    clock,
    connect: connections['its own connection'],
    allowHttp: false,
    random: () => 1,
    timers,
    onChange: () => changed.dispatchEvent(new Event('change')),
    ...changes,
  });
  after(() => feed.close());
  feed.start();
  const isRevoked = (n: number) => index.isRevoked({ sub: '', sid: uuid(n), jti: '' });
  const reach = async (isReached: (status: RevocationFeedStatus) => boolean) => {
    while (!isReached(feed.status)) await once(changed, 'change', inTime());
    return feed.status;
  };
  const retry = () => timers.runOut(isRetry);
  return { ...script, feed, clock, timers, index, isRevoked, reach, retry };
}

testEach('a feed is connecting, live, stale and live again, and knows its age', async (start) => {
  const { feed, clock, next, reach, retry, isRevoked } = await start();
  const begun = {
    state: 'connecting',
    connected: false,
    lastSeq: 0,
    staleness: undefined,
    error: undefined,
    skipped: 0,
  };
  assert.deepEqual(feed.status, begun);
  const first = await next();
  assert.equal(first.request.headers.authorization, `Bearer ${KEY}`);
  assert.equal(first.request.headers['last-event-id'], undefined);
  first.open(`event: snapshot\ndata: {}\n\n${revoked(1, 2)}`);
  first.response.write(live(2));
  const status = await reach(({ state }) => state === 'live');
  assert.deepEqual(status, { ...begun, state: 'live', connected: true, lastSeq: 2, staleness: 0 });
  assert.ok(isRevoked(1) && isRevoked(2) && !isRevoked(3));

  clock.step(20);
  assert.equal(feed.status.staleness, 20_000);
  first.response.end();
  const stale = await reach(({ state }) => state === 'stale');
  assert.deepEqual(stale, {
    state: 'stale',
    connected: false,
    lastSeq: 2,
    staleness: 20_000,
    error: 'The server ended the feed.',
    skipped: 0,
  });
  assert.ok(isRevoked(1), 'what is known stays in force');
  clock.step(20);
  await retry();
  const second = await next();
  assert.equal(second.request.headers['last-event-id'], '2');
  second.open('event: resumed\ndata: {"after":2}\n\n');
  assert.equal(feed.status.staleness, 40_000, 'connected is not complete yet');
  second.response.write(revoked(3) + live(3));
  await reach(({ state }) => state === 'live');
  assert.equal(feed.status.staleness, 0);
  assert.ok(isRevoked(3));
});

test('a heartbeat keeps the feed fresh', async () => {
  const { feed, clock, timers, next, reach } = await startFeed();
  const { open, response } = await next();
  open(live(0));
  await reach(({ state }) => state === 'live');
  clock.step(15);
  const before = timers.running;
  const keys = [...before.keys()];
  response.write(':\n\n');
  // Every byte restarts the watchdog.
  while (keys.every((key) => timers.running.has(key))) await new Promise(setImmediate);
  assert.equal(feed.status.staleness, 0);
});

testEach(
  'entries that were cut off before their position came are requested again',
  async (start) => {
    const { next, reach, retry, isRevoked } = await start();
    const first = await next();
    first.open(`${live(5)}${revoked(9)}id: 7\n`);
    await reach(({ state }) => state === 'live');
    first.response.destroy();
    await reach(({ state }) => state === 'stale');
    assert.ok(isRevoked(9), 'it counts from when it was heard');
    await retry();
    const second = await next();
    assert.equal(second.request.headers['last-event-id'], '5');
    // And again, in the middle of the answer.
    second.open(`event: resumed\ndata: {}\n\n${revoked(6)}`);
    second.response.destroy();
    await retry();
    assert.equal((await next()).request.headers['last-event-id'], '5');
  },
);

test('a position that goes back, or is not valid, does no harm', async () => {
  const { feed, next, reach, retry } = await startFeed();
  const first = await next();
  first.open(`${live(50)}`);
  await reach(({ state }) => state === 'live');
  first.response.end();
  await retry();
  const second = await next();
  second.open(`event: snapshot\ndata: {}\n\n${live(40)}id: what\n\nid: -1\n\nid:\n\n`);
  await reach(({ state }) => state === 'live');
  second.response.end();
  await retry();
  assert.equal((await next()).request.headers['last-event-id'], '40');
  assert.equal(feed.status.lastSeq, 40);
});

test('the waits grow with each failure, vary by chance, and are never longer than 5 s', async () => {
  let chance = 1;
  const { next, retry, clock, reach } = await startFeed({ random: () => chance });
  const waits: number[] = [];
  for (let at = 0; at < 10; at++) {
    (await next()).response.destroy();
    waits.push(await retry());
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000]);
  chance = 0;
  (await next()).response.destroy();
  assert.equal(await retry(), 2_500);
  // One that is live for a moment only does not begin from the start.
  const short = await next();
  short.open(live(1));
  await reach(({ state }) => state === 'live');
  short.response.end();
  assert.equal(await retry(), 2_500);
  const steady = await next();
  steady.open(live(1));
  await reach(({ state }) => state === 'live');
  clock.step(5);
  steady.response.end();
  assert.equal(await retry(), 125);
});

testEach('a server that falls silent or never answers is given up', async (start) => {
  const { next, timers, reach, retry } = await start();
  const mute = await next();
  await timers.runOut((ms) => ms === 10_000);
  await once(mute.response, 'close');
  assert.equal((await reach(({ error }) => error !== undefined)).error, 'The server fell silent.');
  await retry();
  const second = await next();
  second.open(live(1));
  await reach(({ state }) => state === 'live');
  await timers.runOut((ms) => ms === 45_000);
  await once(second.response, 'close');
  await reach(({ state }) => state === 'stale');
  await retry();
  (await next()).open(live(1));
  await reach(({ state }) => state === 'live');
});

testEach(
  'after any other failure the feed keeps trying and says why, without quoting its key',
  async (start) => {
    const { feed, next, reach, retry } = await start();
    const stream = { 'content-type': 'text/event-stream' };
    const answers: [RegExp, (it: Connection) => unknown][] = [
      [/does not know the key.*clients create/, ({ response }) => response.writeHead(401).end(KEY)],
      [
        /is not a feed of revocations \(status 404\)/,
        ({ response }) => response.writeHead(404).end(),
      ],
      [
        /redirects/,
        ({ response }) => response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end(),
      ],
      [/status 503/, ({ response }) => response.writeHead(503).end()],
      [/status 204/, ({ response }) => response.writeHead(204, stream).end()],
      [/status 200, and not/, ({ response }) => response.writeHead(200).end(live(1))],
      [/too long/, ({ response }) => response.writeHead(200, stream).end('x'.repeat(300_000))],
      [/encoded data/, ({ response }) => response.writeHead(200, stream).end(Buffer.of(0xff, 10))],
      ...[
        'x',
        '{}',
        '[1]',
        '[[]]',
        '[[1,"s",2,1]]',
        '[[-1,"s","a",1]]',
        '[[1,"s","a",1.5]]',
        '[[1,"u","a",1,"x"]]',
        `[[1,"s","${'a'.repeat(300)}",1]]`,
      ].map((data): [RegExp, (it: Connection) => unknown] => [
        /not a list|JSON/,
        (it) => it.open(`event: revoked\nid: 99\ndata: ${data}\n\n`),
      ]),
    ];
    for (const [expected, answer] of answers) {
      const connection = await next();
      assert.equal(connection.request.headers['last-event-id'], undefined);
      answer(connection);
      const { error = '' } = await reach(({ error: it }) => expected.test(it ?? ''));
      assert.ok(!error.includes('kkk'));
      assert.equal(feed.status.state, 'connecting');
      await retry();
    }
    (await next()).open(live(1));
    assert.equal((await reach(({ state }) => state === 'live')).error, undefined);
  },
);

test('what only a newer server knows is skipped, counted and reported', async () => {
  const { feed, next, reach, isRevoked } = await startFeed();
  const { open, response } = await next();
  const data = JSON.stringify([
    [1, 'x', uuid(1), 9e15],
    [2, 's', uuid(2), 9e15, 0, 'more', { members: [] }],
    [3, 'ss', { an: 'object' }],
    [4, null, ['a', 'list'], -1, 'x'],
    ['5', 7],
    [6, 'constructor', 'a'.repeat(1_000), 1.5],
    [7, 's', uuid(7), 9e15],
  ]);
  open(`event: snapshot\ndata: {"more":1}\n\nevent: revoked\ndata: ${data}\n\n${live(7)}`);
  await reach(({ state }) => state === 'live');
  assert.ok(isRevoked(2) && isRevoked(7));
  assert.deepEqual([feed.status.skipped, feed.status.lastSeq], [5, 7]);
  response.write(`event: news\ndata: []\n\ndata: without a name\n\n${revoked(8)}id: 8\n\n`);
  const { state, error } = await reach(({ skipped }) => skipped === 7);
  assert.deepEqual([state, error], ['live', undefined]);
  while (!isRevoked(8)) await setTimeout(1, undefined, inTime());
});

test('the key is not sent to an address where others could read it', async () => {
  const asked: string[] = [];
  const addresses = ['http://auth.example/', 'ftp://127.0.0.1/', 'nonsense', 'https://u:p@x/'];
  const { reach, retry } = await startFeed({
    locate: () => {
      const [address] = addresses.splice(0, 1);
      if (address === undefined) throw new Error('it is not known yet');
      return address;
    },
    connect: async (url) => {
      asked.push(url);
      throw new Error('asked');
    },
  });
  for (let at = 0; at < 4; at++) {
    await reach(({ error }) => /not https|not an address|with a user/.test(error ?? ''));
    await retry();
  }
  await reach(({ error }) => error?.endsWith(': it is not known yet.') === true);
  assert.deepEqual(asked, []);
});

testEach('a closed feed hears of nothing more and leaves nothing open', async (start) => {
  const { feed, next, reach, timers, waiting, isRevoked } = await start();
  const { open, response } = await next();
  open(revoked(1) + live(1));
  await reach(({ state }) => state === 'live');
  const gone = once(response, 'close');
  feed.close();
  feed.close();
  await gone;
  const { state, connected, lastSeq } = feed.status;
  assert.deepEqual(
    { state, connected, lastSeq },
    { state: 'closed', connected: false, lastSeq: 1 },
  );
  assert.ok(isRevoked(1));
  await new Promise(setImmediate);
  assert.deepEqual(timers.waits, []);
  feed.start();
  await new Promise(setImmediate);
  assert.equal(waiting.length, 0);
});

testEach('a feed that is closed while it waits or connects does not come back', async (start) => {
  const waitingFeed = await start();
  (await waitingFeed.next()).response.destroy();
  await waitingFeed.reach(({ error }) => error !== undefined);
  while (!waitingFeed.timers.waits.some(isRetry)) await new Promise(setImmediate);
  waitingFeed.feed.close();
  assert.deepEqual(waitingFeed.timers.waits, []);

  const asking = await start();
  const { response } = await asking.next();
  const gone = once(response, 'close');
  asking.feed.close();
  await gone;
  assert.deepEqual(asking.timers.waits, []);
  assert.equal(asking.feed.status.state, 'closed');
});

test('expired entries are removed', async () => {
  const { next, reach, timers, index, clock } = await startFeed();
  const entry = [1, 's', uuid(1), clock.now() + 1000];
  (await next()).open(`event: revoked\ndata: ${JSON.stringify([entry])}\n\n${live(1)}`);
  await reach(({ state }) => state === 'live');
  assert.equal(index.size, 1);
  clock.step(2);
  await timers.runOut((ms) => ms === 60_000);
  while (index.size > 0) await new Promise(setImmediate);
});

/** Prints each state of a feed, in a process that has nothing else to do. */
function startListener(url: string, env: Record<string, string> = {}) {
  const modules = new URL('../../src/', import.meta.url);
  const program = `
    import { channel } from 'node:diagnostics_channel';
    import { chooseFeedConnection } from '${modules}guard/feed/choose-feed-connection.ts';
    import { RevocationFeed } from '${modules}guard/feed/revocation-feed.ts';
    import { RevocationIndex } from '${modules}revocation/revocation-index.ts';
    const feed = new RevocationFeed({
      locate: () => '${url}', key: '${KEY}', index: new RevocationIndex(), clock: Date,
      connect: chooseFeedConnection(undefined), allowHttp: false,
      onChange: () => console.log(feed.status.state, feed.status.error ?? ''),
    });
    feed.start();
    if (channel('undici:client:sendHeaders').hasSubscribers) console.log('overhears the host');`;
  return startNode(['--input-type=module', '--eval', program], { cwd: import.meta.dirname, env });
}

test('a process with nothing else to do ends, although its feed is live', async () => {
  const { url, next } = await startScript();
  const child = startListener(url);
  (await next()).open(live(1));
  assert.deepEqual(await child.ended, { code: 0, signal: null });
  assert.equal(child.output(), 'live \n');
});

test('the feed works over TLS, with an authority that the process was given', async () => {
  const authority = join(import.meta.dirname, '../support/tls/server.pem');
  const { url, next } = await startScript(createTlsServer(tls));
  const child = startListener(url, { NODE_EXTRA_CA_CERTS: authority });
  (await next()).open(live(1));
  assert.deepEqual(await child.ended, { code: 0, signal: null });
  assert.equal(child.output(), 'live \n');
});

test('the feed uses the proxy of the environment if Node.js is told to use it', async () => {
  const { url, next } = await startScript();
  const child = startListener('http://127.0.0.1:9/feed', {
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: new URL(url).origin,
  });
  const { request, open } = await next();
  assert.equal(request.url, 'http://127.0.0.1:9/feed');
  open(live(1));
  assert.deepEqual(await child.ended, { code: 0, signal: null });
  assert.equal(child.output(), 'live \n');
});

testEach('the error says what is wrong with the connection', async (start) => {
  const plain = await startScript();
  const encrypted = await startScript(createTlsServer(tls));
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  const alert = createTcpServer((socket) => socket.end(Buffer.of(0x15, 3, 1, 0, 2, 2, 0x46)));
  await once(alert.listen(0, '127.0.0.1'), 'listening');
  after(() => alert.close());
  const tries: [string, RegExp, boolean][] = [
    [plain.url.replace('http:', 'https:'), /does not speak https.*write http:/, true],
    [encrypted.url, /NODE_EXTRA_CA_CERTS/, true],
    [encrypted.url.replace('https:', 'http:'), /write https:/, false],
    [
      `http://127.0.0.1:${(alert.address() as AddressInfo).port}`,
      /does not speak http\..*write https:/,
      true,
    ],
    [`http://127.0.0.1:${port}`, /reached: .*ECONNREFUSED.*Nothing listens there/, false],
    [`http://localhost:${port}`, /reached: .*ECONNREFUSED.*Nothing listens there/, false],
  ];
  const left = [...tries];
  const { feed, reach, retry } = await start({ locate: () => left.shift()?.[0] ?? plain.url });
  for (const [address, expected, isSetUpWrong] of tries) {
    await reach(({ error }) => error !== undefined && expected.test(error));
    assert.equal(feed.isSetUpWrong, isSetUpWrong, address);
    await retry();
  }
  (await plain.next()).open(live(1));
  await reach(({ state }) => state === 'live');
});
