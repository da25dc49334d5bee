import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import {
  createGuard,
  type GuardNotReady,
  type GuardOptions,
  type GuardStatus,
  type IssuerGuardOptions,
} from 'latchkey/guard';
import { createSigner } from '../../src/jwt/jws.ts';
import { generateSigningKey } from '../../src/jwt/keys/import-keys.ts';
import { toJwks } from '../../src/jwt/keys/jwk.ts';
import { startServer } from '../support/server.ts';
import { listen } from './adapters/listen.ts';
import { type FakeIssuer, JWKS, METADATA, startFakeIssuer } from './fake-issuer.ts';

type Answer = (response: ServerResponse, issuer: FakeIssuer) => void;

const json =
  (body: (issuer: FakeIssuer) => unknown): Answer =>
  (response, issuer) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body(issuer)));
  };
const page: Answer = (response) =>
  response.setHeader('content-type', 'text/html').end('<!doctype html><title>App</title>');
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end();

/** An issuer below a path of its host, whose root belongs to another program. */
async function startIssuerBelow(t: TestContext, root: Answer, own: Answer): Promise<FakeIssuer> {
  const issuer = await startFakeIssuer(generateSigningKey('ES256'));
  t.after(() => issuer.close());
  issuer.intercept = ({ url }: IncomingMessage, response) => {
    if (url === `${METADATA}/tenant`) root(response, issuer);
    else if (url === `/tenant${METADATA}`) own(response, issuer);
    else return false;
    return true;
  };
  return issuer;
}

const ownMetadata = json(({ url }) => ({ issuer: `${url}/tenant`, jwks_uri: url + JWKS }));

/** Resolves to the status of the guard once it is ready or has failed to get its keys. */
function settle(
  t: TestContext,
  options: Partial<IssuerGuardOptions> & { issuer: string },
): Promise<GuardStatus> {
  return new Promise((resolve) => {
    const guard = createGuard({
      retryDelay: 0.02,
      onStatus: (now) => {
        if (now.ready || now.keys.error !== undefined) resolve(now);
      },
      ...options,
    });
    t.after(() => guard.close());
  });
}

suite('an issuer with a path is found, whatever the root of its host answers', () => {
  for (const [name, root] of [
    ['a web app that answers every address with its page', page],
    ['an error', status(500)],
    ['a refusal', status(401)],
    ['nothing of that name', status(404)],
    ['a redirect', status(302, { location: '/login' })],
    ['the metadata of another issuer', json(({ url }) => ({ issuer: url, jwks_uri: `${url}/x` }))],
    ['JSON that is not metadata', json(() => [])],
    ['metadata without an issuer', json(({ url }) => ({ jwks_uri: url + JWKS }))],
    ['metadata without keys', json(({ url }) => ({ issuer: `${url}/tenant` }))],
    ['an empty answer', (response) => response.end()],
    ['more than it may', (response) => response.end(`"${'x'.repeat(300_000)}"`)],
    ['no answer', () => {}],
    ['a connection that breaks', (response) => response.destroy()],
  ] as [string, Answer][]) {
    test(name, async (t) => {
      const issuer = await startIssuerBelow(t, root, ownMetadata);
      const timeout = name === 'no answer' ? 0.3 : 5;
      const { ready } = await settle(t, { issuer: `${issuer.url}/tenant`, timeout });
      assert.ok(ready);
      assert.deepEqual(issuer.asked, [`${METADATA}/tenant`, `/tenant${METADATA}`, JWKS]);
    });
  }

  test('without metadata, the keys are below its path', async (t) => {
    const issuer = await startIssuerBelow(t, page, status(404));
    const { intercept } = issuer;
    issuer.intercept = (request, response) => {
      if (request.url !== `/tenant${JWKS}`) return intercept?.(request, response) === true;
      response.end(JSON.stringify(toJwks(issuer.keys)));
      return true;
    };
    assert.ok((await settle(t, { issuer: `${issuer.url}/tenant` })).ready);
  });

  test('metadata at the root that names the issuer is enough', async (t) => {
    const issuer = await startIssuerBelow(t, ownMetadata, page);
    assert.ok((await settle(t, { issuer: `${issuer.url}/tenant` })).ready);
    assert.deepEqual(issuer.asked, [`${METADATA}/tenant`, JWKS]);
  });

  test('if neither address helps, the error names both', async (t) => {
    const issuer = await startIssuerBelow(t, page, status(503));
    const { ready, keys } = await settle(t, { issuer: `${issuer.url}/tenant` });
    assert.ok(!ready);
    assert.match(keys.error ?? '', /strict JSON\. .*\/tenant\/\.well-known.* status 503/);
  });

  test('metadata below the path must name the issuer', async (t) => {
    const other = json(({ url }) => ({ issuer: url, jwks_uri: url + JWKS }));
    const issuer = await startIssuerBelow(t, page, other);
    const { ready, keys } = await settle(t, { issuer: `${issuer.url}/tenant` });
    assert.ok(!ready);
    assert.match(keys.error ?? '', /another issuer: .*the paths differ/);
  });

  test('if both addresses name another issuer, the error names the first', async (t) => {
    const other = json(({ url }) => ({ issuer: url, jwks_uri: url + JWKS }));
    const issuer = await startIssuerBelow(t, other, status(404));
    const { ready, keys } = await settle(t, { issuer: `${issuer.url}/tenant` });
    assert.ok(!ready);
    assert.match(keys.error ?? '', /oauth-authorization-server\/tenant names another issuer/);
  });
});

const KEY = `lkg_0123456789abcdef_${'k'.repeat(43)}`;
const key = generateSigningKey('ES256');

function sign(claims: object): string {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 900, auth_time: now };
  const ids = { sub: 'alice', client_id: 'latchkey', jti: 'token', sid: 'session' };
  return createSigner(key, 'at+jwt')({ ...ids, ...times, ...claims });
}

const ask = (token = sign({})) => ({
  headers: { authorization: `Bearer ${token}` },
  method: 'GET',
});

/** What a guard prints, while the test lasts. */
function capture(t: TestContext) {
  const lines: string[] = [];
  t.mock.method(console, 'error', (line: string) => lines.push(line));
  const next = async (count = 1) => {
    const limit = AbortSignal.timeout(10_000);
    while (lines.length < count) {
      assert.ok(!limit.aborted, `only ${lines.length} lines`);
      await wait(2);
    }
    return lines.join('\n');
  };
  return { lines, next };
}

async function start(t: TestContext, change: (issuer: FakeIssuer) => Partial<IssuerGuardOptions>) {
  const issuer = await startFakeIssuer(key);
  t.after(() => issuer.close());
  const printed = capture(t);
  const guard = createGuard({ issuer: issuer.url, retryDelay: 0.01, ...change(issuer) });
  t.after(() => guard.close());
  /** Until the guard has asked so often that it would have repeated itself. */
  const askAgain = async (path: string) => {
    for (let time = 0; time < 4; time++) await issuer.nextRequest(path);
  };
  return { issuer, guard, printed, askAgain };
}

/** Metadata that names the issuer so, whatever the address that it is asked at. */
function name(issuer: FakeIssuer, toName: (url: string) => string): void {
  issuer.intercept = ({ url }, response) => {
    if (url !== METADATA) return false;
    response.end(JSON.stringify({ issuer: toName(issuer.url), jwks_uri: issuer.url + JWKS }));
    return true;
  };
}

for (const [mistake, named, hint] of [
  [
    'localhost for 127.0.0.1',
    (url: string) => url.replace('127.0.0.1', 'localhost'),
    /127\.0\.0\.1 is not localhost\. Give the guard the issuer "http:\/\/localhost:\d+"/,
  ],
  ['a slash at the end', (url: string) => `${url}/`, /slash at the end.*Give the guard .*\/"/],
  ['http for https', (url: string) => url.replace('http', 'https'), /http is not https/],
  ['another port', () => 'http://127.0.0.1:8000', /the ports differ/],
  ['another path', (url: string) => `${url}/auth`, /the paths differ/],
  [
    'two of these',
    (url: string) => `${url.replace('http', 'https')}/auth`,
    /http is not https, and the paths differ/,
  ],
  ['upper case', (url: string) => url.replace('http', 'HTTP'), /differ only in how/],
  ['something else', () => 'my "issuer"\n', /"my \\"issuer\\"\\n"/],
] as const) {
  test(`a wrong issuer (${mistake}) is printed once, with the correct one`, async (t) => {
    const { issuer, guard, printed, askAgain } = await start(t, (it) => {
      name(it, named);
      return { revocations: { credential: KEY } };
    });
    assert.match(await printed.next(), hint);
    await askAgain(METADATA);
    assert.equal(printed.lines.length, 1);
    assert.ok(printed.lines[0]?.includes(`"${issuer.url}"`), 'what the guard was given');
    assert.match(printed.lines[0] ?? '', /LATCHKEY_ISSUER.*answered 503/);
    assert.doesNotMatch(printed.lines[0] ?? '', /kkkk/);

    const handler = guard.protect(() => new Response());
    const answer = await handler(new Request('https://api.example', ask()));
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '60');
    const { detail } = (await answer.json()) as { detail: string };
    assert.match(detail, /set up wrongly.*operator/);
    assert.doesNotMatch(detail, /again|shortly|127\.0\.0\.1/);
  });
}

test('with onStatus nothing is printed, and the status has the message', async (t) => {
  const error = Promise.withResolvers<string>();
  const { printed } = await start(t, (it) => {
    name(it, (url) => `${url}/`);
    return { onStatus: ({ keys }) => keys.error !== undefined && error.resolve(keys.error) };
  });
  assert.match(await error.promise, /slash at the end/);
  assert.deepEqual(printed.lines, []);
});

test('an unreachable issuer is reported once, and so is what is wrong when it is back', {
  timeout: 20_000,
}, async (t) => {
  const { issuer, guard, printed, askAgain } = await start(t, (it) => {
    it.intercept = (_request, response) => response.writeHead(503).end() !== undefined;
    return {};
  });
  assert.match(await printed.next(), /status 503/);
  await askAgain(METADATA);
  assert.equal(printed.lines.length, 1);
  assert.throws(
    () => guard.authenticate(ask()),
    ({ message, retryAfter }: GuardNotReady) =>
      /Try again shortly/.test(message) && retryAfter < 60,
  );
  name(issuer, (url) => `${url}/`);
  assert.match(await printed.next(2), /slash at the end/);
  issuer.intercept = undefined;
  await guard.ready();
  assert.equal(guard.verify(sign({ iss: issuer.url, aud: issuer.url })).sub, 'alice');
  assert.equal(printed.lines.length, 2);
});

for (const [mistake, answer, expected] of [
  ['a web app', (response) => response.end('<!doctype html>'), /strict JSON/],
  [
    'another program',
    (response) => response.end('{"status":"ok"}'),
    /not the metadata of an issuer/,
  ],
  ['a closed door', (response) => response.writeHead(403).end(), /status 403/],
  [
    'a redirect to https',
    (response) => response.writeHead(308, { location: 'https://auth.example/x?y=z#a' }).end(),
    /redirects to https:\/\/auth\.example\/x, /,
  ],
  ['a server of https', (response) => response.writeHead(400).end(), /write https:\/\//],
  [
    'keys that are none',
    (response, url) => response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/none` })),
    /\/none answers with status 404/,
  ],
  [
    'keys by http elsewhere',
    (response, url) =>
      response.end(JSON.stringify({ issuer: url, jwks_uri: 'http://u:secret@x/' })),
    /jwks_uri that cannot be used/,
  ],
] as [string, (...given: [ServerResponse, string]) => unknown, RegExp][]) {
  test(`an issuer's address that leads to ${mistake} counts as wrong set-up, not as a failure that passes`, async (t) => {
    const { guard, printed } = await start(t, (it) => {
      it.intercept = ({ url }, response) => {
        if (url !== METADATA) return false;
        answer(response, it.url);
        return true;
      };
      return {};
    });
    assert.match(await printed.next(), expected);
    assert.doesNotMatch(printed.lines.join(), /secret/);
    assert.throws(() => guard.verify(sign({})), /set up wrongly/);
  });
}

test('confusing http and https, and a closed port, are explained', async (t) => {
  const printed = capture(t);
  const answer: RequestListener = (_request, response) => void response.end();
  const plain = await listen(createServer(answer));
  t.after(() => plain.close());
  const tls = (file: string) => readFileSync(new URL(`../support/tls/${file}`, import.meta.url));
  const encrypted = await listen(
    createTlsServer({ key: tls('server-key.pem'), cert: tls('server.pem') }, answer),
  );
  t.after(() => encrypted.close());
  const closed = await listen(createServer());
  await closed.close();
  // What some servers of TLS answer to plain text: an alert.
  const alert = createTcpServer((socket) => socket.end(Buffer.of(0x15, 3, 1, 0, 2, 2, 0x46)));
  alert.listen(0, '127.0.0.1');
  await once(alert, 'listening');
  t.after(() => alert.close());
  const { port } = alert.address() as AddressInfo;
  const tries: [string, RegExp][] = [
    [`http://127.0.0.1:${port}`, /does not speak http\. If it speaks https, write https:/],
    [plain.url.replace('http:', 'https:'), /write http:\/\/\./],
    [encrypted.url.replace('https:', 'http:'), /write https:\/\/\./],
    [encrypted.url.replace('http:', 'https:'), /NODE_EXTRA_CA_CERTS/],
    [closed.url, /is the server running, and the port right\? In a container, 127\.0\.0\.1/],
  ];
  for (const [issuer, expected] of tries) {
    const guard = createGuard({ issuer });
    t.after(() => guard.close());
    const count = printed.lines.length;
    await printed.next(count + 1);
    assert.match(printed.lines[count] ?? '', expected);
  }
});

test('a wrong credential is printed once, with the command that creates one', async (t) => {
  const server = await startServer();
  const printed = capture(t);
  const jwksUri = `${server.url}/.well-known/jwks.json`;
  const url = `${server.url}/auth/revocations`;
  const options = { issuer: 'http://localhost:8000', jwksUri };
  const deleted = await server.app.latchkey.clients.create({ name: 'deleted', kind: 'guard' });
  await server.app.latchkey.clients.delete(deleted.client.id);
  for (const credential of [KEY, deleted.key, deleted.client.id]) {
    const guard = createGuard({ ...options, revocations: { credential, url, onStale: 'reject' } });
    t.after(() => guard.close());
    const count = printed.lines.length;
    await printed.next(count + 1);
    assert.match(
      printed.lines[count] ?? '',
      /latchkey clients create NAME.*revocations\.credential/,
    );
    assert.match(printed.lines[count] ?? '', /every request is answered 503/i);
    assert.ok(!printed.lines[count]?.includes(credential));
    assert.throws(() => guard.verify('x'), /set up wrongly/);
  }
  // Each has asked again by now, after 250 ms at most, and the last one does so before this is over.
  await wait(300);
  assert.equal(printed.lines.length, 3);
  const guard = createGuard({ ...options, revocations: { credential: KEY, url: jwksUri } });
  t.after(() => guard.close());
  assert.match(await printed.next(4), /and not with a feed\. .*accepts revoked tokens/);
});

test('a feed that never answers is reported too, some time after the keys came', async (t) => {
  const closed = await listen(createServer());
  await closed.close();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { guard, printed } = await start(t, () => ({
    revocations: { credential: KEY, url: `${closed.url}/auth/revocations` },
  }));
  await guard.ready();
  while (guard.status().revocations?.error === undefined) await new Promise(setImmediate);
  t.mock.timers.tick(14_000);
  assert.deepEqual(printed.lines, []);
  while (guard.status().revocations?.error === undefined) await new Promise(setImmediate);
  t.mock.timers.tick(1_000);
  assert.match(printed.lines.join(), /is the server running.*accepts revoked tokens/);
});

test('tokens of a trusted key with another issuer or audience are reported once', async (t) => {
  const good = { iss: 'https://auth.example', aud: 'https://api.example' };
  const mistakes: [object, RegExp][] = [
    [{ iss: 'http://auth.example' }, /https is not http.*Give the guard the issuer "http:/],
    [{ iss: 'https://auth.example/' }, /slash/],
    [{ aud: 'https://auth.example' }, /is for "https:\/\/auth.example", .* accepts "https:\/\/api/],
    [{ aud: ['a', 'b'] }, /is for "a" and "b"/],
    [{ aud: [] }, /is for no audience/],
  ];
  const fetch = async () => Response.json(toJwks([key]));
  const network = { jwksUri: 'https://auth.internal/keys', fetch };
  const local = { keys: key.publicKey, issuer: good.iss, audience: good.aud };
  for (const options of [local, { issuer: good.iss, audience: good.aud, ...network }]) {
    for (const [claims, expected] of mistakes) {
      const printed = capture(t);
      const guard = createGuard(options as GuardOptions);
      const quiet = createGuard({ ...options, onStatus: () => undefined } as GuardOptions);
      await Promise.all([guard.ready(), quiet.ready()]);
      const token = sign({ ...good, ...claims });
      for (let time = 0; time < 3; time++) {
        assert.throws(() => guard.verify(token), { name: 'TokenRefused' });
        await assert.rejects(async () => guard.authenticate(ask(token)), { name: 'TokenRefused' });
        assert.throws(() => quiet.verify(token), { name: 'TokenRefused' });
      }
      assert.equal(printed.lines.length, 1);
      assert.match(printed.lines[0] ?? '', expected);
      // A sender without the key cannot make a guard print.
      const other = createGuard(options as GuardOptions);
      await other.ready();
      const [header, , signature] = sign(good).split('.');
      const forged = `${header}.${token.split('.')[1]}.${signature}`;
      assert.throws(() => other.verify(forged), { code: 'token_bad_signature' });
      other.verify(sign(good));
      assert.throws(() => other.verify(sign({ ...good, exp: 1 })), { code: 'token_expired' });
      assert.equal(printed.lines.length, 1);
      for (const each of [guard, quiet, other]) each.close();
      t.mock.restoreAll();
    }
  }
});

test('a mistake that shows at the start is refused, and a value that may be secret is not quoted', () => {
  const issuer = 'https://auth.example';
  const revocations = { credential: KEY };
  const secret = 's3cret-s3cret';
  for (const [setting, options] of [
    ['issuer', { issuer: `${issuer} ` }],
    ['issuer', { issuer: `${issuer}\r` }],
    ['issuer', { issuer: `\n${issuer}` }],
    ['issuer', { issuer: `${issuer}?token=${secret}` }],
    ['issuer', { issuer: `${issuer}#${secret}` }],
    ['issuer', { issuer: `https://user:${secret}@auth.example` }],
    ['issuer', { issuer: `https://user:${secret}@auth.example`, jwksUri: `${issuer}/keys` }],
    ['issuer', { issuer: secret }],
    ['jwksUri', { issuer, jwksUri: `https://user:${secret}@auth.example` }],
    ['jwksUri', { issuer, jwksUri: `http://auth.example?key=${secret}` }],
    ['revocations.credential', { issuer, revocations: { credential: `${KEY}\n${secret}` } }],
    ['revocations.credential', { issuer, revocations: { credential: `${secret} ${KEY}` } }],
    ['revocations.credential', { issuer, revocations: { credential: `${secret}…` } }],
    ['revocations.credential', { issuer, revocations: { credential: `${secret}\0` } }],
    ['revocations.url', { issuer, revocations: { ...revocations, url: '/auth/revocations' } }],
    [
      'revocations.introspectionUrl',
      { issuer, revocations: { ...revocations, introspectionUrl: 'http://auth.example/x' } },
    ],
  ] as [string, IssuerGuardOptions][]) {
    assert.throws(
      () => createGuard(options),
      (error: Error & { code?: string; setting?: string }) => {
        assert.deepEqual([error.code, error.setting], ['invalid_setting', setting]);
        assert.ok(!error.message.includes(secret), error.message);
        return true;
      },
      JSON.stringify(options),
    );
  }
});
