import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { createGuard, type GuardStatus, type IssuerGuardOptions } from 'latchkey/guard';
import { generateSigningKey } from '../../src/jwt/keys.ts';
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

describe('an issuer with a path is found whatever the root of its host answers', () => {
  for (const [name, root] of [
    ['a web app that answers every address with its page', page],
    ['an error', status(500)],
    ['a refusal', status(401)],
    ['nothing of that name', status(404)],
    ['a redirect', status(302, { location: '/login' })],
    ['the metadata of another issuer', json(({ url }) => ({ issuer: url, jwks_uri: `${url}/x` }))],
    ['JSON that is not metadata', json(() => [])],
    ['metadata without an issuer', json(({ url }) => ({ jwks_uri: url + JWKS }))],
    ['a connection that breaks', (response) => response.destroy()],
  ] as [string, Answer][]) {
    test(name, async (t) => {
      const issuer = await startIssuerBelow(t, root, ownMetadata);
      const { ready } = await settle(t, { issuer: `${issuer.url}/tenant` });
      assert.ok(ready);
      assert.deepEqual(issuer.asked, [`${METADATA}/tenant`, `/tenant${METADATA}`, JWKS]);
    });
  }

  test('and the metadata below the path must name the issuer', async (t) => {
    const other = json(({ url }) => ({ issuer: url, jwks_uri: url + JWKS }));
    const issuer = await startIssuerBelow(t, page, other);
    const { ready, keys } = await settle(t, { issuer: `${issuer.url}/tenant` });
    assert.ok(!ready);
    assert.match(keys.error ?? '', /is of another issuer: .*the paths differ/);
  });

  test('and where both know another issuer, the first is named', async (t) => {
    const other = json(({ url }) => ({ issuer: url, jwks_uri: url + JWKS }));
    const issuer = await startIssuerBelow(t, other, status(404));
    const { ready, keys } = await settle(t, { issuer: `${issuer.url}/tenant` });
    assert.ok(!ready);
    assert.match(keys.error ?? '', /oauth-authorization-server\/tenant is of another issuer/);
  });
});

describe('a guard that is set up wrongly', () => {
  /** Starts a guard that nobody listens to; resolves to what it prints first. */
  function firstPrinted(t: TestContext, options: IssuerGuardOptions) {
    const printed: string[] = [];
    const { promise, resolve } = Promise.withResolvers<string>();
    t.mock.method(console, 'error', (text: string) => {
      printed.push(text);
      resolve(text);
    });
    const guard = createGuard({ retryDelay: 0.02, ...options });
    t.after(() => guard.close());
    return { guard, printed, first: promise };
  }

  async function setUp(t: TestContext): Promise<FakeIssuer> {
    const issuer = await startFakeIssuer(generateSigningKey('ES256'));
    t.after(() => issuer.close());
    return issuer;
  }

  for (const [name, bend, reason] of [
    [
      'localhost for 127.0.0.1',
      (url) => url.replace('127.0.0.1', 'localhost'),
      /localhost is not 127/,
    ],
    ['a slash at the end', (url) => `${url}/`, /differ in the slash at the end/],
    ['https for http', (url) => url.replace('http:', 'https:'), /does not speak https.*http:\/\//],
  ] as [string, (url: string) => string, RegExp][]) {
    test(`says so once on standard error: ${name}`, async (t) => {
      const issuer = await setUp(t);
      const given = bend(issuer.url);
      const { guard, printed, first } = firstPrinted(t, { issuer: given });
      const text = await first;
      assert.match(text, reason);
      assert.ok(text.startsWith(`latchkey/guard (${given}): `), text);
      // The same problem comes back with each attempt.
      if (given.startsWith('http:')) {
        for (let attempt = 0; attempt < 2; attempt++) await issuer.nextRequest(METADATA);
      }
      assert.equal(printed.length, 1);
      guard.close();
    });
  }

  test('answers 503 without asking callers to come back in a moment', async (t) => {
    const issuer = await setUp(t);
    const { guard, first } = firstPrinted(t, { issuer: `${issuer.url}/` });
    await first;
    const request = { method: 'GET', headers: { authorization: 'Bearer a.b.c' } };
    await assert.rejects(async () => guard.authenticate(request), {
      code: 'guard_not_ready',
      retryAfter: 60,
      message: /set up wrongly. Its operator finds the reason in its log/,
    });
  });

  test('prints nothing where onStatus is given', async (t) => {
    const issuer = await setUp(t);
    const print = t.mock.method(console, 'error', () => {});
    const { keys } = await settle(t, { issuer: `${issuer.url}/` });
    assert.match(keys.error ?? '', /slash/);
    assert.equal(print.mock.callCount(), 0);
  });

  test('names the command that makes a credential where the server does not know its own', async (t) => {
    const issuer = await setUp(t);
    issuer.intercept = ({ url }, response) => {
      if (url !== '/auth/revocations') return false;
      response.writeHead(401).end();
      return true;
    };
    const { first, guard } = firstPrinted(t, {
      issuer: issuer.url,
      revocations: { credential: 'lkg_wrong', url: `${issuer.url}/auth/revocations` },
    });
    const text = await first;
    assert.match(text, /latchkey guards create NAME/);
    assert.ok(!text.includes('lkg_wrong'));
    assert.equal(guard.status().revocations?.state, 'connecting');
  });
});
