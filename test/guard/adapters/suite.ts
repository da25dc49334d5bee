import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { before, suite, test } from 'node:test';
import { createGuard } from 'latchkey/guard';
import { getRaw } from '../../support/raw-http.ts';
import { tokenAttacks } from '../../support/tokens.ts';
import {
  type AdapterBench,
  createAdapterBench,
  createStarter,
  ISSUER,
  type RunningApp,
  type StartApp,
} from './bench.ts';

const COOKIE = '__Host-latchkey_access';

/** What every adapter must do, over HTTP, with the real framework. */
export function testAdapter(framework: string, start: StartApp): void {
  for (const algorithm of ['ES256', 'HS256'] as const) {
    suite(`${framework}, ${algorithm}`, () => {
      const startOnce = createStarter(start);
      let bench: AdapterBench;
      let app: RunningApp;
      let ran = 0;

      before(async () => {
        bench = createAdapterBench(algorithm);
        app = await startOnce(bench.guard, () => {
          ran++;
        });
      });

      const send = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
        ran = 0;
        const response = await fetch(app.url + path, { method, headers, redirect: 'manual' });
        const text = await response.text();
        const isJson = response.headers.get('content-type')?.includes('json') === true;
        const body = isJson ? JSON.parse(text) : {};
        return { status: response.status, headers: response.headers, text, body };
      };
      const byHeader = (token: string): Record<string, string> => ({
        authorization: `Bearer ${token}`,
      });
      const byCookie = (token: string): Record<string, string> => ({
        cookie: `a=b; ${COOKIE}=${token}; c=d`,
      });
      const assertRefused = (
        answer: Awaited<ReturnType<typeof send>>,
        status: number,
        code: string,
        hint = code,
      ) => {
        assert.equal(answer.body.code, code, hint);
        assert.equal(answer.status, status, hint);
        assert.equal(answer.body.status, status);
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        assert.equal(ran, 0, `${hint}: the handler ran`);
      };

      test('a route without a guard stays open', async () => {
        assert.equal((await send('/open')).status, 200);
      });

      test('a token lets its user pass, by header and by cookie, as often as it comes', async () => {
        const token = bench.sign();
        for (const headers of [byHeader(token), byCookie(token), byHeader(token)]) {
          const { status, body } = await send('/user', headers);
          assert.equal(status, 200);
          assert.deepEqual(body, { sub: 'alice', tenant: 'blue', frozen: true });
        }
      });

      test('a request without a token gets a challenge that names no error', async () => {
        for (const cookie of ['', 'a=b', `${COOKIE}=`]) {
          const answer = await send('/user', { cookie });
          assertRefused(answer, 401, 'token_missing');
          assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
        }
      });

      test('another scheme, or none, does not count as a token', async () => {
        const token = bench.sign();
        for (const authorization of [token, `Basic ${token}`, `Bearer ${token} x`, 'Bearer']) {
          assertRefused(await send('/user', { authorization }), 401, 'token_malformed');
        }
      });

      test('every known attack is refused, by header and by cookie', async () => {
        const token = bench.sign();
        assert.equal((await send('/user', byHeader(token))).status, 200);
        for (const { name, token: forged, code } of tokenAttacks({ token, key: bench.key })) {
          for (const headers of [byHeader(forged), byCookie(forged)]) {
            const answer = await send('/user', headers);
            // What no Authorization header may hold is refused before it is looked at.
            const malformed = answer.body.code === 'token_malformed';
            const unfit = 'authorization' in headers && !/^[\w.~+/-]+=*$/.test(forged);
            assertRefused(answer, 401, malformed && unfit ? 'token_malformed' : code, name);
            assert.match(answer.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
            assert.ok(forged.length < 20 || !answer.text.includes(forged), name);
          }
        }
        assert.equal((await send('/user', byHeader(token))).status, 200);
      });

      test('expiry and revocation apply to tokens that were verified before', async () => {
        const token = bench.sign({ sid: 'ended' });
        const other = bench.sign();
        for (const each of [token, other]) {
          assert.equal((await send('/user', byHeader(each))).status, 200);
        }
        bench.revokeSession('ended');
        assertRefused(await send('/user', byHeader(token)), 401, 'token_revoked');
        assertRefused(await send('/user', byCookie(token)), 401, 'token_revoked');
        assert.equal((await send('/user', byHeader(other))).status, 200);
        bench.clock.step(906);
        assertRefused(await send('/user', byHeader(other)), 401, 'token_expired');
        bench.clock.step(-906);
      });

      test('two tokens are refused, and neither is chosen', async () => {
        const token = bench.sign();
        const both = { ...byHeader(token), ...byCookie(token) };
        assertRefused(await send('/user', both), 400, 'multiple_credentials');
        const twice = `${COOKIE}=${token}; ${COOKIE}=${bench.sign()}`;
        assertRefused(await send('/user', { cookie: twice }), 400, 'multiple_credentials');
        const inUrl = `/user?access_token=${token}`;
        assertRefused(await send(inUrl, byHeader(token)), 400, 'multiple_credentials');
      });

      test('an Authorization header that is not a token of ours is ignored beside the cookie', async () => {
        const cookie = byCookie(bench.sign());
        for (const authorization of ['Basic amFuZTp4', 'Bearer', 'Bearer null', 'Bearer a.b.c.d']) {
          const answer = await send('/user', { ...cookie, authorization });
          assert.equal(answer.status, 200, authorization);
          assert.equal(answer.body.sub, 'alice');
          assertRefused(
            await send('/user', { ...cookie, authorization }, 'POST'),
            403,
            'cross_site_request',
          );
        }
        for (const authorization of ['Bearer a.b.c', 'bearer   a.b.', 'BEARER a..']) {
          const answer = await send('/user', { ...cookie, authorization });
          assertRefused(answer, 400, 'multiple_credentials', authorization);
        }
        const refresh = { cookie: `__Host-latchkey_refresh=x`, authorization: 'Basic amFuZTp4' };
        assertRefused(await send('/user', refresh), 401, 'token_missing');
      });

      test('two Authorization headers are refused', async () => {
        const status = await sendTwoHeaders(`${app.url}/user`, bench.sign(), bench.sign());
        assert.ok(status === 400 || status === 401, String(status));
      });

      test('a cookie without the prefix does not count', async () => {
        const cookie = `latchkey_access=${bench.sign()}`;
        assertRefused(await send('/user', { cookie }), 401, 'token_missing');
      });

      test('a cookie whose name has more around it than spaces and tabs is a different cookie', async () => {
        const token = bench.sign();
        const other = bench.sign({ sub: 'mallory' });
        for (const blanks of ['', ' ', '\t', ' \t ']) {
          const cookie = `a=b;${blanks}${COOKIE}${blanks}=${blanks}${token}${blanks}`;
          assert.equal((await getRaw(`${app.url}/user`, { cookie })).status, 200);
        }
        // NBSP, NEL and others as single bytes; then BOM, LINE SEPARATOR and IDEOGRAPHIC SPACE as UTF-8.
        for (const foreign of [
          '\xa0',
          '\x85',
          '\xad',
          '\xff',
          ...utf8('\uFEFF', '\u2028', '\u3000'),
        ]) {
          for (const name of [foreign + COOKIE, COOKIE + foreign, ` ${foreign} ${COOKIE}`]) {
            const alone = await getRaw(`${app.url}/user`, { cookie: `${name}=${other}` });
            assert.equal(alone.status, 401, JSON.stringify(name));
            assert.match(alone.text, /token_missing/);
            // Neither chosen, nor a reason to lock the owner of the right one out.
            const cookie = `${name}=${other}; ${COOKIE}=${token}; ${name}=${other}`;
            const both = await getRaw(`${app.url}/user`, { cookie });
            assert.equal(both.status, 200, JSON.stringify(name));
            assert.match(both.text, /"alice"/);
          }
          const inValue = await getRaw(`${app.url}/user`, {
            cookie: `${COOKIE}=${token}${foreign}`,
          });
          assert.equal(inValue.status, 401, JSON.stringify(foreign));
        }
        // Node.js itself refuses control characters.
        for (const control of ['\v', '\f', '\0']) {
          const cookie = `${control}${COOKIE}=${other}; ${COOKIE}=${token}`;
          const { status } = await getRaw(`${app.url}/user`, { cookie });
          assert.equal(status, 400, JSON.stringify(control));
        }
      });

      test('a cookie opens a WebSocket only from this site or from an allowed origin', async () => {
        const cookie = `${COOKIE}=${bench.sign()}`;
        const upgrade = { connection: 'close, Upgrade', upgrade: 'websocket' };
        const key = {
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-version': '13',
        };
        const url = `${app.url}/user`;
        for (const handshake of [
          { ...upgrade, ...key },
          { ...upgrade, upgrade: 'WebSocket' },
          key,
        ]) {
          for (const from of [{}, { origin: 'https://attacker.example' }, { origin: 'null' }]) {
            const answer = await getRaw(url, { cookie, ...handshake, ...from });
            assert.equal(answer.status, 403, JSON.stringify({ handshake, from }));
            assert.match(answer.text, /cross_site_request/);
          }
          const elsewhere = { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' };
          assert.equal((await getRaw(url, { cookie, ...handshake, ...elsewhere })).status, 403);
          assert.equal((await getRaw(url, { cookie, ...handshake, origin: ISSUER })).status, 200);
          const here = { cookie, ...handshake, 'sec-fetch-site': 'same-origin' };
          assert.equal((await getRaw(url, here)).status, 200);
          const authorization = `Bearer ${bench.sign()}`;
          const program = { authorization, ...handshake, origin: 'https://attacker.example' };
          assert.equal((await getRaw(url, program)).status, 200, 'a header needs no proof');
        }
      });

      test('a cookie changes state only from this site or from an allowed origin', async () => {
        const cookie = byCookie(bench.sign());
        for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: ISSUER }] as Record<
          string,
          string
        >[]) {
          assert.equal((await send('/user', { ...cookie, ...headers }, 'POST')).status, 200);
        }
        for (const headers of [
          {},
          { 'sec-fetch-site': 'cross-site' },
          { 'sec-fetch-site': 'same-site' },
          { 'sec-fetch-site': 'none' },
          { origin: 'https://attacker.example' },
          { origin: 'null' },
        ] as Record<string, string>[]) {
          for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
            const answer = await send('/user', { ...cookie, ...headers }, method);
            assertRefused(answer, 403, 'cross_site_request', method);
          }
        }
        assert.equal((await send('/user', byHeader(bench.sign()), 'POST')).status, 200);
      });

      test('roles, scopes and the age of the sign-in are required', async () => {
        const now = bench.clock.now() / 1000;
        const allowed = {
          '/admin': { roles: ['user', 'admin'] },
          '/scoped': { scope: 'write read' },
          '/recent': { auth_time: now - 60 },
        };
        for (const [path, claims] of Object.entries(allowed)) {
          assert.equal((await send(path, byHeader(bench.sign(claims)))).status, 200, path);
        }
        const role = await send('/admin', byHeader(bench.sign({ roles: ['user'] })));
        assertRefused(role, 403, 'insufficient_role');
        const scope = await send('/scoped', byHeader(bench.sign({ scope: 'read' })));
        assertRefused(scope, 403, 'insufficient_scope');
        assert.match(scope.headers.get('www-authenticate') ?? '', /scope="read write"/);
        const age = await send('/recent', byHeader(bench.sign({ auth_time: now - 61 })));
        assertRefused(age, 401, 'insufficient_user_authentication');
        assert.match(age.headers.get('www-authenticate') ?? '', /max_age="60"/);
        for (const path of Object.keys(allowed)) {
          assertRefused(await send(path), 401, 'token_missing', path);
        }
      });

      test('a route for guests and users refuses only bad tokens', async () => {
        for (const headers of [
          {},
          { authorization: '' },
          { authorization: 'Basic amFuZTp4' },
          { cookie: 'a=b' },
          { cookie: `${COOKIE}=` },
          { cookie: '__Host-latchkey_refresh=x' },
          { cookie: '__Host-latchkey_refresh=x', authorization: 'Bearer null' },
        ] as Record<string, string>[]) {
          for (const method of ['GET', 'POST']) {
            const guest = await send('/guests', headers, method);
            assert.equal(guest.status, 200, JSON.stringify(headers));
            assert.deepEqual(guest.body, { sub: null });
            assert.equal(ran, 1);
          }
        }
        const token = bench.sign();
        for (const headers of [byHeader(token), byCookie(token)]) {
          assert.deepEqual((await send('/guests', headers)).body, { sub: 'alice' });
        }
        const now = bench.clock.now() / 1000;
        const expired = bench.sign({ iat: now - 1000, exp: now - 100 });
        const endsEarly = bench.sign({ sid: 'gone' });
        bench.revokeSession('gone');
        for (const [headers, code] of [
          [byHeader(expired), 'token_expired'],
          [byCookie(expired), 'token_expired'],
          [byHeader(endsEarly), 'token_revoked'],
          [byHeader(`${token}A`), 'token_bad_signature'],
          [{ authorization: 'Bearer' }, 'token_malformed'],
          [{ authorization: 'Bearer null' }, 'token_malformed'],
          [{ authorization: 'bearer  ' }, 'token_malformed'],
        ] as [Record<string, string>, string][]) {
          const answer = await send('/guests', headers);
          assert.equal(answer.status, 401, code);
          assert.equal(ran, 0, code);
        }
        const both = { ...byHeader(token), ...byCookie(token) };
        assertRefused(await send('/guests', both), 400, 'multiple_credentials');
        assertRefused(await send('/guests?access_token=x'), 400, 'multiple_credentials');
        assertRefused(await send('/guests', byCookie(token), 'POST'), 403, 'cross_site_request');
        assert.deepEqual((await send('/guests-admin')).body, { sub: null });
        const notAdmin = await send('/guests-admin', byHeader(token));
        assert.equal(notAdmin.status, 403);
        const admin = bench.sign({ roles: ['admin'] });
        assert.deepEqual((await send('/guests-admin', byHeader(admin))).body, { sub: 'alice' });
      });

      test('the host answers its own errors', async () => {
        const answer = await send('/broken', byHeader(bench.sign()));
        assert.equal(answer.status, 500);
        assert.notEqual(answer.headers.get('content-type'), 'application/problem+json');
      });

      test('many requests at the same time each get their own user', async () => {
        const tokens = Array.from({ length: 40 }, (_, n) => bench.sign({ sub: `user-${n}` }));
        const answers = await Promise.all(
          tokens.flatMap((token, n) => [
            fetch(`${app.url}/user`, { headers: byHeader(token) }).then(async (answer) =>
              assert.equal(JSON.parse(await answer.text()).sub, `user-${n}`),
            ),
            fetch(`${app.url}/user`, { headers: byHeader(`${token}A`) }).then(async (answer) => {
              assert.equal(answer.status, 401);
              await answer.text();
            }),
          ]),
        );
        assert.equal(answers.length, 80);
      });
    });
  }

  test(`${framework}: a guard without keys answers 503, and says when to try again`, async (t) => {
    let away = true;
    const bench = createAdapterBench('ES256');
    const jwk = bench.key.publicKey.export({ format: 'jwk' });
    const guard = createGuard({
      issuer: ISSUER,
      jwksUri: `${ISSUER}/keys`,
      clock: bench.clock,
      retryDelay: 0.02,
      fetch: async () => {
        if (away) throw new Error('connect ECONNREFUSED');
        return Response.json({ keys: [{ ...jwk, kid: bench.key.kid, alg: 'ES256', use: 'sig' }] });
      },
    });
    t.after(() => guard.close());
    const app = await start(guard, () => undefined);
    t.after(() => app.close());
    const headers = { authorization: `Bearer ${bench.sign()}` };
    const refused = await fetch(`${app.url}/user`, { headers });
    assert.equal(refused.status, 503);
    assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.equal(JSON.parse(await refused.text()).code, 'guard_not_ready');
    assert.equal((await fetch(`${app.url}/open`)).status, 200);
    assert.equal((await fetch(`${app.url}/guests`)).status, 200, 'a guest needs no keys');
    assert.equal((await fetch(`${app.url}/guests`, { headers })).status, 503);
    away = false;
    await guard.ready();
    const answer = await fetch(`${app.url}/user`, { headers });
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(await answer.text()).sub, 'alice');
  });
}

/** The UTF-8 bytes of each, as characters of one byte. */
function utf8(...characters: readonly string[]): string[] {
  return characters.map((each) => Buffer.from(each).toString('latin1'));
}

/** `fetch` would join them into one. */
function sendTwoHeaders(url: string, one: string, other: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      agent: false,
      headers: [
        'host',
        new URL(url).host,
        'authorization',
        `Bearer ${one}`,
        'authorization',
        `Bearer ${other}`,
      ],
    });
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.end();
  });
}
