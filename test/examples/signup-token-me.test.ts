import assert from 'node:assert/strict';
import { before, suite, type TestContext, test } from 'node:test';
import { jwtVerify } from 'jose';
import { type RunningExample, runExample, startExample } from '../support/example.ts';
import { assertProblem } from '../support/refusals.ts';
import type { TestAnswer, TestRequest } from '../support/server.ts';
import { testCommands, testExchanges } from './originals/send-all.ts';
import { signupTokenMe } from './originals/signup-token-me.ts';

const SECRET = 'qZ8vYtR3nB1mKx6Wd0sLc7HfJ4gPuEa2';
const PASSWORD = 'correct horse';
const DAY = 24 * 60 * 60;
const WORKERS = 3;
/** ms within which all workers must know what one of them ended. */
const BOUND = 1000;

suite('signup-token-me', () => {
  let example: RunningExample;
  let names = 0;

  before(async () => {
    example = await startExample('signup-token-me', { SECRET_KEY: SECRET });
    await reachAll('/openapi.json');
  });

  /** On a connection of its own: those the workers take by turns. */
  function send(path: string, request: TestRequest = {}): Promise<TestAnswer> {
    return example.send(path, { ...request, headers: { connection: 'close' } });
  }

  /** Sends the request until every worker has answered it, and answers their answers. */
  async function reachAll(path: string, request?: TestRequest): Promise<TestAnswer[]> {
    const answers = new Map<string, TestAnswer>();
    for (let tries = 0; answers.size < WORKERS; tries++) {
      assert.ok(tries < 500, `only ${answers.size} workers answer`);
      const answer = await send(path, request);
      answers.set(answer.headers.get('x-worker') ?? '', answer);
    }
    return [...answers.values()];
  }

  /** Asks all workers until each of them refuses the token, and answers how long that took, in ms. */
  async function awaitRefusal(token: string): Promise<number> {
    const start = performance.now();
    for (;;) {
      const answers = await reachAll('/users/me', { token });
      const took = performance.now() - start;
      if (answers.every(({ status }) => status === 401)) {
        for (const answer of answers) assertProblem(answer, 401);
        return took;
      }
      assert.ok(took < BOUND, `after ${took} ms a worker still accepts the token`);
    }
  }

  async function signUp(): Promise<{ id: string; username: string }> {
    names += 1;
    const username = `jane${names}`;
    const json = { username, email: `${username}@example.com`, password: PASSWORD };
    const answer = await send('/signup', { json });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body, { id: answer.body['id'], username, email: json.email });
    return { id: answer.body['id'], username };
  }

  async function signIn(username: string): Promise<{ access: string; refresh: string }> {
    const answer = await send('/token', { form: { username, password: PASSWORD } });
    assert.equal(answer.status, 200, answer.text);
    const { access_token, refresh_token, ...others } = answer.body;
    assert.deepEqual(others, { token_type: 'bearer' });
    return { access: access_token, refresh: refresh_token };
  }

  testExchanges(signupTokenMe, () => example);
  testCommands(() => example);

  test('signs up, issues a token, and returns the user', async () => {
    const { id, username } = await signUp();
    const { access, refresh } = await signIn(username);
    const { payload } = await jwtVerify(access, Buffer.from(SECRET), { algorithms: ['HS256'] });
    assert.deepEqual([payload.sub, payload['username']], [id, username]);
    assert.equal(Number(payload.exp) - Number(payload.iat), 30 * 60);
    const seconds = JSON.parse(Buffer.from(refresh.split('.')[1] ?? '', 'base64url').toString());
    assert.equal(seconds.exp - seconds.iat, 7 * DAY);
    for (const { status, body } of await reachAll('/users/me', { token: access })) {
      assert.equal(status, 200);
      assert.deepEqual(body, { id, username, email: `${username}@example.com` });
    }
    assertProblem(await send('/users/me'), 401);
  });

  test('registers a username and an address only once', async () => {
    const { username } = await signUp();
    for (const [json, code] of [
      [{ username: username.toUpperCase(), email: 'new@example.com' }, 'username_taken'],
      [{ username: 'new', email: `${username}@Example.com` }, 'email_taken'],
    ] as const) {
      const answer = await send('/signup', { json: { ...json, password: PASSWORD } });
      assertProblem(answer, 409);
      assert.equal(answer.body['code'], code);
    }
  });

  const good = { username: 'someone', email: 'someone@example.com', password: PASSWORD };
  for (const [name, request] of Object.entries<TestRequest>({
    'a bad email': { json: { ...good, email: 'someone' } },
    'no email': { json: { username: good.username, password: PASSWORD } },
    'a short password': { json: { ...good, password: 'short' } },
    'a role': { json: { ...good, roles: ['admin'] } },
    'a hash': { json: { ...good, passwordHash: '$2b$10$' } },
    'a list': { json: [good] },
    'no body': { method: 'POST' },
    'half a body': { body: '{"username":', headers: { 'content-type': 'application/json' } },
  })) {
    test(`refuses to sign up with ${name}`, async () => {
      assertProblem(await example.send('/signup', request), 400);
    });
  }

  test('refuses a wrong password', async () => {
    const { username } = await signUp();
    const answer = await send('/token', { form: { username, password: 'wrong horse' } });
    assertProblem(answer, 401);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  });

  test('a refresh by one worker holds in all of them', async () => {
    const { username } = await signUp();
    const { refresh } = await signIn(username);
    const answers = await reachAll('/refresh', { json: { refresh_token: refresh } });
    const successors = new Set<unknown>();
    for (const { status, body } of answers) {
      assert.equal(status, 200);
      successors.add(body['refresh_token']);
      const me = await reachAll('/users/me', { token: body['access_token'] });
      assert.deepEqual(new Set(me.map((each) => each.status)), new Set([200]));
    }
    assert.equal(successors.size, 1, 'all workers give the same successor');
    assertProblem(await send('/refresh', { json: { refresh_token: 'garbage' } }), 401);
  });

  test('a logout by one worker holds in all of them within a second', async (t: TestContext) => {
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const { username } = await signUp();
      const { access, refresh } = await signIn(username);
      await reachAll('/users/me', { token: access });
      const { status } = await send('/auth/logout', { method: 'POST', token: access });
      assert.equal(status, 204);
      times.push(await awaitRefusal(access));
      for (const answer of await reachAll('/refresh', { json: { refresh_token: refresh } })) {
        assertProblem(answer, 401);
        assert.equal(answer.body['code'], 'session_ended');
      }
    }
    const shown = times.map((ms) => Math.round(ms)).sort((a, b) => a - b);
    t.diagnostic(`all ${WORKERS} workers refused after ${shown.join(', ')} ms`);
  });

  test('ends all workers on SIGTERM and leaves nothing behind', async () => {
    const pids = (await reachAll('/openapi.json')).map(({ headers }) => headers.get('x-worker'));
    await example.end('SIGTERM');
    for (const pid of pids) assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
  });
});

test('signup-token-me does not start with a secret that can be guessed', async () => {
  for (const SECRET_KEY of ['secret', '']) {
    const { process } = runExample('signup-token-me', { SECRET_KEY });
    assert.deepEqual(await process.ended, { code: 1, signal: null });
    assert.match(process.output(), /^signingKey: .* needs at least 32\..*\n$/);
  }
});

test('signup-token-me makes a secret where there is none, and says so', async () => {
  const example = await startExample('signup-token-me');
  assert.match(example.process.output(), /^SECRET_KEY is not set: signing with a random one\.$/m);
  await example.end('SIGINT');
});
