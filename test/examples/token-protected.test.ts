import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { type RunningExample, runExample, startExample } from '../support/example.ts';
import { assertProblem } from '../support/refusals.ts';
import { testCommands, testExchanges } from './originals/send-all.ts';
import { tokenProtected } from './originals/token-protected.ts';

const SECRET = 'qZ8vYtR3nB1mKx6Wd0sLc7HfJ4gPuEa2';
const ALICE = { username: 'alice', password: 'wonderland' };

suite('token-protected', () => {
  let example: RunningExample;
  let token = '';

  before(async () => {
    example = await startExample('token-protected', { JWT_SECRET: SECRET });
    const { body } = await example.send('/token', { form: ALICE });
    token = body['access_token'];
  });

  /** The token with other claims, under its own header unless told otherwise. */
  function forge(
    changes: Readonly<Record<string, unknown>>,
    { secret = SECRET, header = decodeProtectedHeader(token) } = {},
  ): Promise<string> {
    return new SignJWT({ ...decodeJwt(token), ...changes })
      .setProtectedHeader({ alg: 'HS256', ...header })
      .sign(Buffer.from(secret));
  }

  testExchanges(tokenProtected, () => example);
  testCommands(() => example);

  test('gives a token for a form', async () => {
    const answer = await example.send('/token', { form: ALICE });
    assert.equal(answer.status, 200);
    const { access_token, token_type, ...others } = answer.body;
    assert.deepEqual(others, {});
    assert.equal(token_type, 'bearer');
    const { payload, protectedHeader } = await jwtVerify(access_token, Buffer.from(SECRET));
    assert.equal(protectedHeader.alg, 'HS256');
    assert.equal(payload['username'], 'alice');
    assert.equal(Number(payload.exp) - Number(payload.iat), 15 * 60);
  });

  test('refuses a wrong password', async () => {
    const answer = await example.send('/token', { form: { ...ALICE, password: 'underland' } });
    assertProblem(answer, 401);
    assert.equal(answer.body['code'], 'invalid_credentials');
  });

  test('greets the bearer', async () => {
    const { status, body } = await example.send('/protected', { token });
    assert.equal(status, 200);
    assert.deepEqual(body, { message: 'Hello, alice. You are authenticated.' });
    // Else what is forged below might be refused for how it is forged.
    assert.equal((await example.send('/protected', { token: await forge({ a: 1 }) })).status, 200);
  });

  const now = Math.floor(Date.now() / 1000);
  const none = { alg: 'none', typ: 'at+jwt' };
  const refusals: readonly [name: string, code: string, headers: () => Promise<object>][] = [
    ['no token', 'token_missing', async () => ({})],
    ['another scheme', 'token_malformed', async () => ({ authorization: `Basic ${token}` })],
    ['no word Bearer', 'token_malformed', async () => ({ authorization: token })],
    ['no token at all', 'token_malformed', async () => bearer('garbage')],
    ['a cut signature', 'token_bad_signature', async () => bearer(token.slice(0, -2))],
    [
      'another secret',
      'token_bad_signature',
      async () => bearer(await forge({}, { secret: 'x'.repeat(32) })),
    ],
    ['expiry', 'token_expired', async () => bearer(await forge({ iat: now - 900, exp: now - 10 }))],
    ['no expiry', 'token_invalid_claims', async () => bearer(await forge({ exp: undefined }))],
    [
      'another issuer',
      'token_wrong_issuer',
      async () => bearer(await forge({ iss: 'https://a.example' })),
    ],
    [
      'another algorithm',
      'token_untrusted',
      async () =>
        bearer(
          await forge(
            {},
            { header: { ...decodeProtectedHeader(token), alg: 'HS512' }, secret: SECRET + SECRET },
          ),
        ),
    ],
    ['alg none', 'token_untrusted', async () => bearer(`${encode(none)}.${token.split('.')[1]}.`)],
    [
      'a token of another kind',
      'token_untrusted',
      async () =>
        bearer(await forge({}, { header: { ...decodeProtectedHeader(token), typ: 'rt+jwt' } })),
    ],
  ];
  const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  for (const [name, code, headers] of refusals) {
    test(`answers ${name} with 401 ${code}`, async () => {
      const answer = await example.send('/protected', { headers: { ...(await headers()) } });
      assertProblem(answer, 401);
      assert.equal(answer.body['code'], code);
      const challenge = answer.headers.get('www-authenticate') ?? '';
      if (code === 'token_missing') assert.equal(challenge, 'Bearer');
      else assert.match(challenge, /^Bearer error="invalid_token", error_description="[^"]+"$/);
    });
  }

  test('ends on SIGTERM and leaves nothing behind', () => example.end('SIGTERM'));
});

test('token-protected does not start with a secret that can be guessed', async () => {
  const weak = {
    secret: /has 6 bytes and needs at least 32/,
    '': /has 0 bytes and needs at least 32/,
    'your-256-bit-secret-your-256-bit-secret': /well-known example or a placeholder/,
    abcabcabcabcabcabcabcabcabcabcabcabc: /repeats itself/,
  };
  await Promise.all(
    Object.entries(weak).map(async ([secret, message]) => {
      const { process } = runExample('token-protected', { JWT_SECRET: secret });
      assert.deepEqual(await process.ended, { code: 1, signal: null });
      // The sentence alone: no name of a class, no stack, no version of Node.
      assert.match(process.output(), /^signingKey: .*openssl rand -base64 48\n$/);
      assert.match(process.output(), message);
      if (secret.length > 10) assert.ok(!process.output().includes(secret));
    }),
  );
});

test('token-protected makes a secret where there is none, and says so', async () => {
  const example = await startExample('token-protected');
  assert.match(example.process.output(), /^JWT_SECRET is not set: signing with a random one\.$/m);
  await example.end('SIGINT');
});
