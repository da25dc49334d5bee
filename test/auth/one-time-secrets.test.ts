import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AuthContext } from '../../src/auth/context.ts';
import {
  consumeOneTimeSecret,
  createOneTimeSecret,
  type NewOneTimeSecret,
  type OneTimeSecret,
  type PresentedSecret,
  proveOneTimeSecret,
  type SecretExpectation,
} from '../../src/auth/credentials/one-time-secrets.ts';
import {
  SECRET_PURPOSES,
  type SecretPurpose,
  type SecretRules,
} from '../../src/auth/credentials/secret-purposes.ts';
import { createSecretMac, deriveValues } from '../../src/auth/credentials/secret-values.ts';
import { createRootKey, type RootKey } from '../../src/auth/keys/root-keys.ts';
import type { OneTimeSecretRecord } from '../../src/auth/ports/one-time-secrets.ts';
import { OneTimeSecretRefused } from '../../src/kernel/errors.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import { createTestRandom, TestClock } from '../support/auth.ts';

const PURPOSES = Object.keys(SECRET_PURPOSES) as SecretPurpose[];
const SUBJECT = 'the id of a user';
const BROWSER = 'the cookie of a browser';

type Context = Pick<AuthContext, 'store' | 'random' | 'dataRoots'> & {
  readonly clock: TestClock;
  roots: readonly RootKey[];
};

async function open(t: TestContext): Promise<Context> {
  const store = await openSqliteStore({ path: ':memory:', thread: 'inline' });
  t.after(() => store.close());
  const random = createTestRandom();
  const context = {
    ...{ store, random, clock: new TestClock(), roots: [createRootKey(0, random)] },
    dataRoots: () => context.roots,
  };
  return context;
}

async function create(
  context: Context,
  given: Partial<NewOneTimeSecret> & { purpose: SecretPurpose },
) {
  const secret = await createOneTimeSecret(context, { subject: SUBJECT, ...given });
  assert.ok(secret);
  return secret;
}

/** Everything that the purpose asks for. */
function present({ purpose }: { purpose: SecretPurpose }, { token, code }: OneTimeSecret) {
  const { needsTokenAndCode }: SecretRules = SECRET_PURPOSES[purpose];
  return needsTokenAndCode && code !== null ? { token, code } : { token };
}

const isRefused = (context: Context, presented: PresentedSecret, expected: SecretExpectation) =>
  assert.rejects(consumeOneTimeSecret(context, presented, expected), OneTimeSecretRefused);

for (const purpose of PURPOSES) {
  test(`a secret for "${purpose}" is consumed once, and for no other purpose`, async (t) => {
    const context = await open(t);
    const data = { address: 'jane@example.com' };
    const secret = await create(context, { purpose, data });
    const presented = present({ purpose }, secret);
    for (const other of PURPOSES) {
      if (other === purpose) continue;
      await isRefused(context, presented, { purpose: other });
      const renamed = secret.token.replace(`_${purpose}_`, `_${other}_`);
      await isRefused(context, { ...presented, token: renamed }, { purpose: other });
      const code = secret.code ?? '0000-0000';
      await isRefused(context, { request: secret.id, code }, { purpose: other });
    }
    const proven = await consumeOneTimeSecret(context, presented, { purpose });
    assert.deepEqual(proven, { subject: SUBJECT, data });
    await isRefused(context, presented, { purpose });
  });

  test(`a secret for "${purpose}" expires to the second`, async (t) => {
    const context = await open(t);
    const { lifetimeSeconds } = SECRET_PURPOSES[purpose];
    for (const [ms, isAccepted] of [
      [lifetimeSeconds * 1000 - 1, true],
      [lifetimeSeconds * 1000, false],
    ] as const) {
      const presented = present({ purpose }, await create(context, { purpose }));
      context.clock.ms += ms;
      if (isAccepted) await consumeOneTimeSecret(context, presented, { purpose });
      else await isRefused(context, presented, { purpose });
    }
  });
}

test('one of 50 parallel uses succeeds', async (t) => {
  const context = await open(t);
  const { token } = await create(context, { purpose: 'reset' });
  const uses = Array.from({ length: 50 }, () =>
    consumeOneTimeSecret(context, { token }, { purpose: 'reset' }),
  );
  const results = await Promise.allSettled(uses);
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const it of results) {
    if (it.status === 'rejected') assert.ok(it.reason instanceof OneTimeSecretRefused);
  }
});

test('tokens and codes have the documented form, and no two are alike', async (t) => {
  const context = await open(t);
  const secrets: OneTimeSecret[] = [];
  for (let made = 0; made < 20; made++) {
    for (const purpose of ['reset', 'verify'] as const) {
      secrets.push(await create(context, { purpose, subject: `user ${made}` }));
    }
  }
  for (const { token } of secrets)
    assert.match(token, /^lko_(reset|verify)_[0-9a-f-]{36}_[\w-]{43}$/);
  const codes = secrets.map(({ code }) => code ?? '');
  for (const [at, code] of codes.entries()) {
    assert.match(code, at % 2 === 0 ? /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/ : /^\d{6}$/);
  }
  assert.equal(new Set(codes).size, codes.length);
  assert.equal(new Set(secrets.map(({ token }) => token)).size, secrets.length);
});

test('a code is accepted in every form that a person types, with its request alone', async (t) => {
  const context = await open(t);
  const other = await create(context, { purpose: 'reset', subject: 'another' });
  for (const type of [
    (code: string) => code,
    (code: string) => code.toLowerCase(),
    (code: string) => ` ${code.replace('-', ' ')} `,
    (code: string) => code.replace('-', '').replaceAll('0', 'o').replaceAll('1', 'l'),
  ]) {
    const { id, code } = await create(context, { purpose: 'reset' });
    assert.ok(code);
    await isRefused(context, { request: other.id, code }, { purpose: 'reset' });
    await isRefused(context, { request: 'unknown', code }, { purpose: 'reset' });
    await consumeOneTimeSecret(context, { request: id, code: type(code) }, { purpose: 'reset' });
    await isRefused(context, { request: id, code }, { purpose: 'reset' });
  }
});

test('a code expires before the token of the same mail', async (t) => {
  const context = await open(t);
  const { id, code, token } = await create(context, { purpose: 'reset' });
  assert.ok(code);
  context.clock.ms += 599_999;
  await proveOneTimeSecret(context, { request: id, code }, { purpose: 'reset' });
  context.clock.ms += 1;
  await isRefused(context, { request: id, code }, { purpose: 'reset' });
  await consumeOneTimeSecret(context, { token }, { purpose: 'reset' });
});

test('five wrong codes end the code, not the token of the same mail', async (t) => {
  const context = await open(t);
  for (const wrong of [4, 5]) {
    const { id, code, token } = await create(context, { purpose: 'reset', browser: `${wrong}` });
    assert.ok(code);
    for (let tried = 0; tried < wrong; tried++) {
      await isRefused(context, { request: id, code: 'AAAA-AAAA' }, { purpose: 'reset' });
      // These count for nothing: another purpose, another subject.
      await isRefused(context, { request: id, code }, { purpose: 'link' });
      await isRefused(context, { request: id, code }, { purpose: 'reset', subject: 'another' });
    }
    const presented = { request: id, code };
    if (wrong === 4) {
      await consumeOneTimeSecret(context, presented, { purpose: 'reset', subject: SUBJECT });
    } else {
      await isRefused(context, presented, { purpose: 'reset' });
      await consumeOneTimeSecret(context, { token }, { purpose: 'reset' });
    }
  }
});

test('a secret that takes back the acts of a thief needs token and code, and is never replaced', async (t) => {
  const context = await open(t);
  for (const purpose of ['undo', 'report'] as const) {
    const made: OneTimeSecret[] = [];
    for (let nth = 0; nth < 5; nth++)
      made.push(await create(context, { purpose, browser: BROWSER }));
    for (const { id, token, code } of made) {
      assert.ok(code);
      await isRefused(context, { token }, { purpose });
      await isRefused(context, { request: id, code }, { purpose });
      await isRefused(context, { token, code: 'AAAA-AAAA' }, { purpose });
      await consumeOneTimeSecret(context, { token, code }, { purpose });
    }
  }
});

test('a token made for a browser works there alone; a code works anywhere', async (t) => {
  const context = await open(t);
  for (const purpose of ['link', 'challenge', 'password-change'] as const) {
    const { token, id, code } = await create(context, { purpose, browser: BROWSER });
    for (const browser of [undefined, null, '', 'another']) {
      const expected = browser === undefined ? { purpose } : { purpose, browser };
      await isRefused(context, { token }, expected);
    }
    await proveOneTimeSecret(context, { token }, { purpose, browser: BROWSER });
    if (code !== null) await proveOneTimeSecret(context, { request: id, code }, { purpose });
    // Without one it works anywhere.
    const free = await create(context, { purpose });
    await proveOneTimeSecret(context, { token: free.token }, { purpose, browser: 'any' });
  }
  const { token } = await create(context, { purpose: 'reset', browser: BROWSER });
  await proveOneTimeSecret(context, { token }, { purpose: 'reset' });
});

test('a fourth secret is not made; the same request or browser gets a new one, and others keep theirs', async (t) => {
  const context = await open(t);
  const purpose = 'reset';
  const [first, second, third] = [
    await create(context, { purpose, browser: 'one' }),
    await create(context, { purpose, browser: 'two' }),
    await create(context, { purpose }),
  ];
  const fourth = await createOneTimeSecret(context, { purpose, subject: SUBJECT, browser: 'four' });
  assert.equal(fourth, undefined);
  const newer = await create(context, { purpose, browser: 'two' });
  await isRefused(context, { token: second.token }, { purpose });
  const resent = await create(context, { purpose, request: third.id });
  await isRefused(context, { token: third.token }, { purpose });
  for (const { token } of [first, newer, resent]) {
    await consumeOneTimeSecret(context, { token }, { purpose });
  }
  // A challenge comes after a proof, so who signs in again is never refused one.
  const challenges: OneTimeSecret[] = [];
  for (let nth = 0; nth < 5; nth++) {
    challenges.push(await create(context, { purpose: 'challenge' }));
    context.clock.ms += 1;
  }
  for (const [nth, { token }] of challenges.entries()) {
    if (nth < 2) await isRefused(context, { token }, { purpose: 'challenge' });
    else await consumeOneTimeSecret(context, { token }, { purpose: 'challenge' });
  }
});

test('a secret that is unknown, altered, or of another subject gets the same error', async (t) => {
  const context = await open(t);
  const purpose = 'reset';
  const { token, id, code } = await create(context, { purpose });
  assert.ok(code);
  const last = token.at(-1) ?? '';
  for (const altered of [
    '',
    token.slice(0, -1),
    `${token}A`,
    `${token.slice(0, -1)}${last === 'A' ? 'B' : 'A'}`,
    token.replace(id, '01890000-0000-7000-8000-000000000000'),
    token.toUpperCase(),
    code,
  ]) {
    await isRefused(context, { token: altered }, { purpose });
  }
  await isRefused(context, { token }, { purpose, subject: 'another' });
  await isRefused(context, { request: id, code: token }, { purpose });
  await consumeOneTimeSecret(context, { token }, { purpose, subject: SUBJECT });
});

test('a thief who reads or writes the database gets no secret', async (t) => {
  const context = await open(t);
  const { store } = context;
  const purpose = 'reset' as const;
  const { id, token, code } = await create(context, { purpose, browser: BROWSER });
  const record = await store.findOneTimeSecret({ id, purpose, now: context.clock.ms });
  assert.ok(record && code);
  const text = JSON.stringify(record);
  for (const value of [token.slice(-43), code, code.replace('-', ''), BROWSER]) {
    assert.ok(!text.includes(value));
  }
  await isRefused(context, { token: `lko_reset_${id}_${record.mac.slice(-43)}` }, { purpose });
  // A thief who can write as well changes the record, or makes one with a root key of their own.
  const reading = (change: Partial<OneTimeSecretRecord>) => {
    const written = { ...record, ...change };
    const read = async () => written;
    return { ...context, store: { ...store, findOneTimeSecret: read, tryOneTimeCode: read } };
  };
  for (const change of [
    { id: '01890000-0000-7000-8000-000000000000' },
    { subject: 'the administrator' },
    { expiresAt: record.expiresAt + 86_400_000 },
    { codeExpiresAt: record.expiresAt },
    { data: '{"a":1}' },
    { browser: null },
    { mac: `another${record.mac.slice(record.mac.indexOf('.'))}` },
    { mac: '' },
  ]) {
    const prove = (presented: PresentedSecret) =>
      proveOneTimeSecret(reading(change), presented, { purpose });
    await assert.rejects(prove({ token }), OneTimeSecretRefused);
    await assert.rejects(prove({ request: id, code }), OneTimeSecretRefused);
  }
  await proveOneTimeSecret(reading({}), { token }, { purpose });
  const own = createRootKey(0, context.random);
  const content = { ...record, purpose } as const;
  const forged = reading({ mac: createSecretMac(own, content, deriveValues(own, content)) });
  const values = deriveValues(own, content);
  await assert.rejects(
    proveOneTimeSecret(forged, { token: values.token }, { purpose }),
    OneTimeSecretRefused,
  );
});

test('secrets under an earlier root key are refused', async (t) => {
  const context = await open(t);
  const { token } = await create(context, { purpose: 'reset' });
  context.roots = [createRootKey(0, context.random), ...context.roots];
  await isRefused(context, { token }, { purpose: 'reset' });
});
