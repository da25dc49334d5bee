import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openFeed } from '../support/feed.ts';
import { assertProblem } from '../support/refusals.ts';
import {
  internalsOf,
  sendBytes,
  startHost,
  startServer,
  type TestServer,
} from '../support/server.ts';

const server = await startServer();
const { send, app, url } = server;
const { auth, users } = internalsOf(app);
const { key } = await auth.clients.create({ name: 'api', kind: 'guard' });
const FEED = '/auth/revocations';
const open = (more: { after?: string } = {}) => openFeed(url + FEED, { token: key, ...more });
const isLive = ({ events }: { events: readonly { name: string }[] }) =>
  events.some(({ name }) => name === 'live');

let made = 0;
async function signUp(where: TestServer = server) {
  const { body } = await where.register(`user${made++}`);
  const access = String(body['access_token']);
  const claims = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString());
  const { sub, sid, jti } = claims as Record<'sub' | 'sid' | 'jti', string>;
  return { access, refresh: String(body['refresh_token']), sub, sid, jti };
}

const logout = (token: string, where: TestServer = server) =>
  where.send('/auth/logout', { method: 'POST', token });

suite('the feed', () => {
  test('is for guards alone', async () => {
    const { access } = await signUp();
    const { client, key: deleted } = await auth.clients.create({ name: 'deleted', kind: 'guard' });
    await auth.clients.delete(client.id);
    const missing = await send(FEED);
    assertProblem(missing, 401);
    assert.equal(missing.body['code'], 'token_missing');
    for (const token of [access, deleted, `${key.slice(0, -1)}~`, 'lkg_', key.slice(0, 30)]) {
      const answer = await send(FEED, { token });
      assertProblem(answer, 401);
      assert.equal(answer.body['code'], 'invalid_credentials');
      assert.ok(!answer.text.includes(token));
    }
    const answer = await sendBytes(
      server.port,
      `GET ${FEED} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\nAuthorization: Bearer ${key}\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 400 .*"code":"multiple_credentials"/s);
    assert.equal((await send(FEED, { method: 'POST', token: key })).status, 405);
    assert.equal((await send(FEED, { method: 'HEAD', token: key })).status, 405);
  });

  test('is a stream that no proxy holds back, changes or keeps', async () => {
    const feed = await open();
    const { status, headers } = feed.response;
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'text/event-stream');
    assert.equal(headers.get('cache-control'), 'no-store, no-transform');
    assert.equal(headers.get('x-accel-buffering'), 'no');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('connection'), 'close');
    feed.cut();
  });

  test('begins with all that is live, and sends every kind of revocation immediately', async () => {
    const before = await signUp();
    await logout(before.access);
    const feed = await open();
    await feed.until(isLive);
    assert.deepEqual(feed.events[0], { name: 'snapshot', data: '{}' });
    assert.ok(feed.subjects.includes(before.sid));

    const people = await Promise.all(Array.from({ length: 8 }, () => signUp()));
    const [a, b, c, d, e, f, g, h] = people;
    assert.ok(a && b && c && d && e && f && g && h);
    const acts: [string, string, () => Promise<unknown>][] = [
      ['token', a.jti, () => send('/auth/revoke', { form: { token: a.access } })],
      [
        'session',
        a.sid,
        () => send('/auth/logout', { json: { refresh_token: a.refresh }, method: 'POST' }),
      ],
      ['session', b.sid, () => send('/auth/revoke', { form: { token: b.refresh } })],
      ['user', c.sub, () => send('/auth/logout/all', { method: 'POST', token: c.access })],
      ['user', d.sub, () => users.setRoles(d.sub, ['admin'])],
      ['user', e.sub, () => users.disable(e.sub)],
      ['user', f.sub, () => users.delete(f.sub)],
      ['user', g.sub, () => users.setPassword(g.sub, 'another good one')],
      [
        'session',
        h.sid,
        () => send(`/auth/sessions/${h.sid}`, { method: 'DELETE', token: h.access }),
      ],
    ];
    for (const [kind, subject, act] of acts) {
      await act();
      await feed.until(({ revoked }) =>
        revoked.some((entry) => entry.kind === kind && entry.subject === subject),
      );
    }
    const deleted = feed.revoked.find(({ subject }) => subject === f.sub);
    assert.equal(deleted?.version, Number.MAX_SAFE_INTEGER);
    const seqs = feed.revoked.map(({ seq }) => seq);
    assert.equal(new Set(seqs).size, seqs.length, 'each comes once');
    const last = Math.max(...seqs);
    await feed.until(({ id }) => id === String(last));
    feed.cut();
  });

  test('goes on where it was cut, and says so', async () => {
    const first = await open();
    await first.until(isLive);
    const { id } = first;
    assert.ok(id);
    first.cut();
    const missed = await signUp();
    await logout(missed.access);
    const second = await open({ after: id });
    await second.until(isLive);
    assert.deepEqual(second.events[0], { name: 'resumed', data: `{"after":${id}}` });
    assert.ok(second.subjects.includes(missed.sid));
    assert.ok(second.revoked.every(({ seq }) => seq > Number(id)));
    second.cut();
    // At the very end there is nothing to tell.
    await auth.revocations.catchUp();
    const third = await open({ after: String(auth.revocations.position) });
    await third.until(isLive);
    assert.deepEqual(
      third.events.map(({ name }) => name),
      ['resumed', 'live'],
    );
    third.cut();
  });

  test('starts over after a position that it cannot continue from, and says so', async () => {
    const ahead = String(auth.revocations.position + 1);
    for (const given of [ahead, '999999999999999', '-1', 'x', '', '1.5', '1e3', '9'.repeat(400)]) {
      const feed = await open({ after: given });
      await feed.until(isLive);
      assert.equal(feed.events[0]?.name, 'snapshot', given);
      assert.ok(feed.revoked.length > 0);
      assert.equal(feed.id, String(auth.revocations.position));
      feed.cut();
    }
  });

  test('brings a long log in pieces, and what comes meanwhile', async () => {
    const entries = Array.from({ length: 5_000 }, (_, at) => ({
      kind: 'session' as const,
      seq: 1_000_000 + at,
      subject: `long-${at}`,
      version: 0,
      expiresAt: server.clock.now() + 60_000,
    }));
    const busy = await startServer();
    const { revocations, clients } = internalsOf(busy.app).auth;
    revocations.apply(entries);
    const { key: token } = await clients.create({ name: 'x', kind: 'guard' });
    const opening = openFeed(busy.url + FEED, { token });
    const feed = await opening;
    const [first] = entries;
    assert.ok(first);
    revocations.apply([{ ...first, seq: 2_000_000, subject: 'late' }]);
    await feed.until(isLive);
    await feed.until(({ subjects }) => subjects.includes('late'));
    assert.equal(new Set(feed.subjects).size, 5_001);
    const longest = Math.max(...feed.text.split('\n').map((line) => line.length));
    assert.ok(longest < 64 * 1024);
    await busy.close();
  });

  test('has places for one key, and guards that hang up while it is looked up take none', async () => {
    const busy = await startServer();
    const { clients } = internalsOf(busy.app).auth;
    const { key: token } = await clients.create({ name: 'x', kind: 'guard' });
    const { key: other } = await clients.create({ name: 'y', kind: 'guard' });
    const { authenticate } = clients;
    const gate = Promise.withResolvers<void>();
    const [limit, closed] = [250, Promise.withResolvers<void>()];
    let [asked, gone] = [0, 0];
    clients.authenticate = async (given) => {
      asked++;
      await gate.promise;
      return authenticate.call(clients, given);
    };
    busy.app.server.on('connection', (socket) =>
      socket.on('close', () => {
        if (++gone === limit) closed.resolve();
      }),
    );
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${token}` };
    const attempts = Array.from({ length: limit }, () =>
      fetch(busy.url + FEED, { headers, signal: abort.signal }).catch(() => {}),
    );
    while (asked < limit) await setTimeout(1);
    abort.abort();
    await Promise.all([...attempts, closed.promise]);
    gate.resolve();
    const feeds = await Promise.all(
      Array.from({ length: limit }, () => openFeed(busy.url + FEED, { token })),
    );
    for (const feed of feeds) await feed.until(isLive);
    const refused = await busy.send(FEED, { token });
    assertProblem(refused, 503);
    assert.match(refused.text, /250 open feeds/);
    assert.ok(refused.headers.has('retry-after'));
    const another = await openFeed(busy.url + FEED, { token: other });
    await another.until(isLive);
    await busy.close();
  });

  test('ends when the server closes, and does not hold it up', async () => {
    for (const build of [() => startServer(), () => startHost({}, () => {})]) {
      const closing = await build();
      const { key: token } = await closing.app.latchkey.clients.create({
        name: 'x',
        kind: 'guard',
      });
      const feeds = await Promise.all([1, 2, 3].map(() => openFeed(closing.url + FEED, { token })));
      for (const feed of feeds) await feed.until(isLive);
      await closing.close();
      for (const feed of feeds) await feed.ended();
    }
  });

  test('is served at another path, by a host that lets no connection be idle for long', async () => {
    const host = await startHost({ paths: { revocations: '/feed' } }, () => {}, {
      connectionTimeout: 400,
    });
    const { auth: theirs, users: people } = internalsOf(host.app);
    const { key: token } = await theirs.clients.create({ name: 'x', kind: 'guard' });
    const { id } = await people.create({ username: 'jane' });
    const feed = await openFeed(`${host.url}/feed`, { token });
    await feed.until(isLive);
    await setTimeout(800);
    await people.disable(id);
    await feed.until(({ subjects }) => subjects.includes(id));
    feed.cut();
    await host.close();
  });
});

suite('two servers on one database', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-feed-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const start = (pollInterval: number) =>
    startServer({
      databaseUrl: `sqlite:${join(folder, 'latchkey.db')}`,
      revocationPollInterval: pollInterval,
    });

  test('report each other’s revocations, and no position skips one', async (t) => {
    const [one, two] = [await start(3_600_000), await start(3_600_000)];
    const { key: token } = await one.app.latchkey.clients.create({ name: 'x', kind: 'guard' });
    const [first, second] = [await signUp(one), await signUp(one)];
    const { revocations } = internalsOf(one.app).auth;
    // Reads the log when the test says so, and not when the file is written.
    const { mock: reading } = t.mock.method(revocations, 'catchUp', async () => {});
    const feed = await openFeed(one.url + FEED, { token });
    await feed.until(isLive);
    const start0 = feed.id ?? '';

    // The other's comes first in the log, and ours is told of first.
    await logout(first.access, two);
    await logout(second.access, one);
    await feed.until(({ subjects }) => subjects.includes(second.sid));
    assert.ok(!feed.subjects.includes(first.sid));
    assert.equal(feed.id, start0, 'the position stays before what is missing');
    feed.cut();

    const resumed = await openFeed(one.url + FEED, { token, after: start0 });
    await resumed.until(isLive);
    assert.deepEqual(resumed.subjects, [second.sid], 'ours is told of again');
    assert.equal(resumed.id, start0);
    reading.restore();
    await revocations.catchUp();
    await resumed.until(({ id }) => id !== start0);
    assert.deepEqual(resumed.subjects, [second.sid, first.sid], 'theirs once, ours not again');
    assert.equal(resumed.id, String(revocations.position));
    resumed.cut();

    const again = await openFeed(one.url + FEED, { token, after: start0 });
    await again.until(isLive);
    assert.deepEqual(new Set(again.subjects), new Set([first.sid, second.sid]));
    await Promise.all([one.close(), two.close()]);
  });

  test('go on for each other', async () => {
    const [one, two] = [await start(20), await start(20)];
    const { key: token } = await one.app.latchkey.clients.create({ name: 'y', kind: 'guard' });
    const people = [await signUp(one), await signUp(one), await signUp(one)];
    const feed = await openFeed(one.url + FEED, { token });
    await feed.until(isLive);
    const [a, b, c] = people;
    assert.ok(a && b && c);
    await logout(a.access, two);
    await feed.until(({ subjects }) => subjects.includes(a.sid));
    await feed.until(({ id, revoked }) => id === String(revoked.at(-1)?.seq));
    await one.close();
    await feed.ended();
    await logout(b.access, two);
    const next = await openFeed(two.url + FEED, { token, after: feed.id ?? '' });
    await next.until(({ subjects }) => subjects.includes(b.sid));
    // The server that was restarted knows the log from its first answer on.
    const three = await start(20);
    const last = await openFeed(three.url + FEED, { token, after: feed.id ?? '' });
    await last.until(isLive);
    assert.equal(last.events[0]?.name, 'resumed');
    assert.deepEqual(last.subjects, [b.sid]);
    await logout(c.access, two);
    for (const each of [next, last]) await each.until(({ subjects }) => subjects.includes(c.sid));
    await Promise.all([two.close(), three.close()]);
  });
});
