import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { openLatchkey } from 'latchkey/server';
import { type RunningExample, runExample, startExample } from '../support/example.ts';
import { startPostgres } from '../support/postgres.ts';
import { assertProblem } from '../support/refusals.ts';
import { readCookies, type TestAnswer } from '../support/server.ts';
import { cookiesRs256Postgres } from './originals/cookies-rs256-postgres.ts';
import { testExchanges } from './originals/send-all.ts';

const ORIGIN = 'http://localhost:3000';
const PASSWORD = 'correct horse';
const DASHBOARD = '/api/dashboard/dashboard';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
const JWT_PRIVATE_KEY = Buffer.from(pem).toString('base64');
const publicPem = publicKey.export({ type: 'spki', format: 'pem' });
const JWT_PUBLIC_KEY = Buffer.from(publicPem).toString('base64');

const postgres = await startPostgres();

function toEnvFile(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** The parts of the URL as the PostgreSQL image and the old .env name them. */
function toPostgresVariables(databaseUrl: string): Readonly<Record<string, string>> {
  const url = new URL(databaseUrl);
  return {
    POSTGRES_USER: decodeURIComponent(url.username),
    POSTGRES_PASSWORD: decodeURIComponent(url.password),
    POSTGRES_HOST: url.hostname,
    POSTGRES_PORT: url.port,
    POSTGRES_DB: url.pathname.slice(1),
  };
}

for (const kind of ['PostgreSQL', 'an SQLite file']) {
  suite(`cookies-rs256-postgres on ${kind}`, () => exampleTests(kind === 'PostgreSQL'));
}

function exampleTests(onPostgres: boolean): void {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let database: string;
  let example: RunningExample;
  let names = 0;

  before(async () => {
    database = onPostgres ? await postgres.createDatabase() : `sqlite:${join(folder, 'own.db')}`;
    example = await startExample('cookies-rs256-postgres', {
      envFile: toEnvFile({
        JWT_PRIVATE_KEY,
        JWT_PUBLIC_KEY,
        JWT_ALGORITHM: 'RS256',
        ACCESS_TOKEN_EXPIRE_MINUTES: '15',
        REFRESH_TOKEN_EXPIRE_MINUTES: '60',
        CLIENT_ORIGIN: ORIGIN,
        ...(onPostgres ? toPostgresVariables(database) : { DATABASE_URL: database }),
      }),
      LATCHKEY_DATA_DIR: folder,
    });
  });

  function createInput(changes: Readonly<Record<string, unknown>> = {}) {
    names += 1;
    return {
      first_name: 'Jane',
      last_name: 'Doe',
      email: `jane${names}@example.com`,
      password: PASSWORD,
      passwordConfirm: PASSWORD,
      ...changes,
    };
  }

  /** The user and both cookies, every attribute of them. */
  async function readSignIn(answer: TestAnswer, email: string) {
    const { id, ...others } = answer.body;
    assert.deepEqual(others, { first_name: 'Jane', last_name: 'Doe', email });
    const { access_token, refresh_token, ...more } = readCookies(answer);
    assert.deepEqual(more, {});
    assert.ok(access_token && refresh_token);
    const attributes = ['HttpOnly', 'Path=/', 'SameSite=Lax'];
    assert.deepEqual(access_token.attributes.sort(), [...attributes, 'Max-Age=900'].sort());
    assert.deepEqual(refresh_token.attributes.sort(), [...attributes, 'Max-Age=3600'].sort());
    const { payload } = await jwtVerify(access_token.value, publicKey, { algorithms: ['RS256'] });
    assert.equal(payload.sub, id);
    assert.match(String(payload.jti), /./);
    const { iat = 0, nbf = 0, exp = 0 } = payload;
    assert.equal(exp - iat, 15 * 60);
    assert.ok(nbf <= iat && nbf >= iat - 1, `nbf ${nbf}, iat ${iat}`);
    const refresh = decodeJwt(refresh_token.value);
    assert.equal(Number(refresh.exp) - Number(refresh.iat), 60 * 60);
    const cookies = { access_token: access_token.value, refresh_token: refresh_token.value };
    return { cookies, id: String(id) };
  }

  async function register() {
    const json = createInput();
    const answer = await example.send('/api/auth/register', { json });
    assert.equal(answer.status, 201, answer.text);
    return { email: json.email, ...(await readSignIn(answer, json.email)) };
  }

  testExchanges(cookiesRs256Postgres, () => example);

  test('registers, with the user and both cookies', async () => {
    const { cookies } = await register();
    const { status } = await example.send(DASHBOARD, { cookies });
    assert.equal(status, 200);
  });

  test('registers an address once', async () => {
    const { email } = await register();
    const json = createInput({ email: email.toUpperCase() });
    const answer = await example.send('/api/auth/register', { json });
    assertProblem(answer, 409);
    assert.equal(answer.body['code'], 'email_taken');
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });

  test('signs out by a program that sends no Origin, as curl does', async () => {
    const { cookies } = await register();
    const answer = await example.send('/api/auth/logout', { method: 'POST', cookies });
    assert.deepEqual([answer.status, answer.body], [200, { status: 'success' }]);
  });

  for (const [name, changes, field] of [
    ['passwords that differ', { passwordConfirm: 'correct hors' }, 'passwordConfirm'],
    ['a password typed once', { passwordConfirm: undefined }, 'passwordConfirm'],
    ['a short password', { password: '1234567', passwordConfirm: '1234567' }, 'password'],
    ['no first name', { first_name: undefined }, 'first_name'],
    ['an empty last name', { last_name: '' }, 'last_name'],
    ['a bad email', { email: 'jane@' }, 'email'],
    ['a role', { role: 'admin' }, 'role'],
  ] as const) {
    test(`refuses to register with ${name}`, async () => {
      const answer = await example.send('/api/auth/register', { json: createInput(changes) });
      assertProblem(answer, 400);
      assert.deepEqual(
        answer.body['errors'].map((each: { field: string }) => each.field),
        [field],
      );
      assert.deepEqual(answer.headers.getSetCookie(), []);
    });
  }

  test('signs in, with the user and both cookies', async () => {
    const { email } = await register();
    const json = { email, password: PASSWORD };
    const answer = await example.send('/api/auth/login', { json });
    assert.equal(answer.status, 200, answer.text);
    const { cookies } = await readSignIn(answer, email);
    assert.equal((await example.send(DASHBOARD, { cookies })).status, 200);
    for (const wrong of [
      { email, password: 'x' },
      { email: 'nobody@example.com', password: 'x' },
    ]) {
      assertProblem(await example.send('/api/auth/login', { json: wrong }), 401);
    }
  });

  test('shows the dashboard by cookie or by header, not by both', async () => {
    const { cookies } = await register();
    const { access_token: token } = cookies;
    for (const credential of [{ cookies: { access_token: token } }, { token }]) {
      const { status, body } = await example.send(DASHBOARD, credential);
      assert.equal(status, 200);
      assert.deepEqual(body, { message: 'Hello from the dashboard!' });
    }
    assertProblem(await example.send(DASHBOARD, { cookies, token }), 400);
  });

  test('refreshes by cookie: a new access cookie that works', async () => {
    const { cookies, email } = await register();
    const { refresh_token } = cookies;
    const answer = await example.send('/api/auth/refresh', { cookies: { refresh_token } });
    assert.equal(answer.status, 200, answer.text);
    const refreshed = await readSignIn(answer, email);
    assert.notEqual(refreshed.cookies.access_token, cookies.access_token);
    const { access_token } = refreshed.cookies;
    assert.equal((await example.send(DASHBOARD, { cookies: { access_token } })).status, 200);
  });

  test('signs out: clears both cookies and ends both tokens', async () => {
    const { cookies } = await register();
    const headers = { origin: ORIGIN };
    const answer = await example.send('/api/auth/logout', { method: 'POST', cookies, headers });
    assert.deepEqual([answer.status, answer.body], [200, { status: 'success' }]);
    const cleared = readCookies(answer);
    assert.deepEqual(Object.keys(cleared).sort(), ['access_token', 'refresh_token']);
    for (const { value, attributes } of Object.values(cleared)) {
      assert.equal(value, '');
      assert.ok(attributes.includes('Max-Age=0') && attributes.includes('Path=/'));
    }
    assertProblem(await example.send(DASHBOARD, { cookies }), 401);
    assertProblem(await example.send('/api/auth/refresh', { cookies }), 401);
  });

  test('refuses a sign-out by another site', async () => {
    const { cookies } = await register();
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const answer = await example.send('/api/auth/logout', { method: 'POST', cookies, headers });
      assertProblem(answer, 403);
    }
    assert.equal((await example.send(DASHBOARD, { cookies })).status, 200);
  });

  test('lets the page of its own origin, and no other, read answers with credentials', async () => {
    for (const [origin, allowed] of [
      [ORIGIN, ORIGIN],
      ['http://localhost:3001', null],
    ] as const) {
      const preflight = await example.send('/api/auth/login', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      for (const { headers } of [
        preflight,
        await example.send(DASHBOARD, { headers: { origin } }),
      ]) {
        assert.equal(headers.get('access-control-allow-origin'), allowed);
        if (allowed) assert.equal(headers.get('access-control-allow-credentials'), 'true');
      }
    }
  });

  test('says which credential is missing', async () => {
    const { cookies } = await register();
    const { refresh_token, access_token } = cookies;
    const refused = {
      nothing: await example.send(DASHBOARD),
      noAccess: await example.send(DASHBOARD, { cookies: { refresh_token } }),
      header: await example.send(DASHBOARD, { headers: { authorization: access_token } }),
      noRefresh: await example.send('/api/auth/refresh'),
      accessOnly: await example.send('/api/auth/refresh', { cookies: { access_token } }),
      garbage: await example.send('/api/auth/refresh', { cookies: { refresh_token: 'garbage' } }),
    };
    for (const answer of Object.values(refused)) assertProblem(answer, 401);
    assert.equal(refused.nothing.body['detail'], 'You must refresh');
    assert.equal(refused.noAccess.body['detail'], 'You must refresh');
    assert.match(refused.header.body['detail'], /header is not of the form "Bearer <token>"/);
    assert.equal(refused.noRefresh.body['detail'], 'Missing refresh token!');
    assert.equal(refused.accessOnly.body['detail'], 'Missing refresh token!');
    assert.equal(refused.garbage.body['code'], 'refresh_token_invalid');
  });

  test('says when the user is no longer there', async () => {
    const { cookies, id } = await register();
    const isFile = existsSync(join(folder, 'own.db'));
    assert.equal(isFile, !onPostgres, 'the database is where DATABASE_URL says');
    // As `latchkey users delete` does, from another process than the server's.
    const admin = await openLatchkey({
      databaseUrl: database,
      dataDir: folder,
      algorithm: 'RS256',
      signingKey: JWT_PRIVATE_KEY,
      deriveSecret: true,
      env: {},
      envFile: false,
    });
    await admin.users.delete(id);
    await admin.close();
    const answer = await example.send('/api/auth/refresh', { cookies });
    assertProblem(answer, 401);
    assert.equal(answer.body['code'], 'user_gone');
    assert.match(answer.body['detail'], /no longer exists/);
    assert.deepEqual(Object.keys(readCookies(answer)), ['access_token', 'refresh_token']);
  });

  test('publishes the public key of the pair, and signs with no other', async () => {
    const { body } = await example.send('/.well-known/jwks.json');
    const [key, ...others] = body['keys'];
    assert.deepEqual(others, []);
    const { n, e } = publicKey.export({ format: 'jwk' });
    assert.deepEqual([key.kty, key.alg, key.n, key.e], ['RSA', 'RS256', n, e]);
    assert.equal(key.d, undefined);
  });

  test('ends on SIGTERM', async () => {
    assert.doesNotMatch(example.process.output(), /JWT_PRIVATE_KEY/);
    await example.end('SIGTERM');
  });
}

test('cookies-rs256-postgres makes a key pair where there is none, and says so', async () => {
  const example = await startExample('cookies-rs256-postgres');
  assert.match(example.process.output(), /^JWT_PRIVATE_KEY is not set: made a key pair\.$/m);
  const { body } = await example.send('/.well-known/jwks.json');
  assert.equal(body['keys'][0].alg, 'RS256');
  await example.end('SIGINT');
});

test('cookies-rs256-postgres takes lifetimes and origin from the variables of the old .env', async () => {
  const example = await startExample('cookies-rs256-postgres', {
    ACCESS_TOKEN_EXPIRE_MINUTES: '5',
    REFRESH_TOKEN_EXPIRE_MINUTES: '20',
    JWT_ALGORITHM: 'RS512',
    CLIENT_ORIGIN: 'http://localhost:4000',
  });
  const names = { first_name: 'Jane', last_name: 'Doe', email: 'jane@example.com' };
  const json = { ...names, password: PASSWORD, passwordConfirm: PASSWORD };
  const headers = { origin: 'http://localhost:4000' };
  const answer = await example.send('/api/auth/register', { json, headers });
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.headers.get('access-control-allow-origin'), 'http://localhost:4000');
  const { access_token, refresh_token } = readCookies(answer);
  assert.ok(access_token && refresh_token);
  assert.ok(access_token.attributes.includes('Max-Age=300'));
  assert.ok(refresh_token.attributes.includes('Max-Age=1200'));
  assert.equal(decodeProtectedHeader(access_token.value).alg, 'RS512');
  await example.end('SIGTERM');
});

test('cookies-rs256-postgres does not start with the public key of another pair', async () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  const otherPem = other.export({ type: 'spki', format: 'pem' });
  const { process } = runExample('cookies-rs256-postgres', {
    JWT_PRIVATE_KEY,
    JWT_PUBLIC_KEY: Buffer.from(otherPem).toString('base64'),
  });
  assert.deepEqual(await process.ended, { code: 1, signal: null });
  assert.match(process.output(), /^publicKey: does not belong to signingKey\..*\n$/);
});
