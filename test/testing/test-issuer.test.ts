import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import { createTestIssuer } from 'latchkey/testing';

const askWith = (headers: object) => ({ method: 'POST', headers: { ...headers } });

test('a user that signed in is let pass, by header and by cookie', async () => {
  const { guard, signInAs } = createTestIssuer();
  const jane = signInAs({
    username: 'jane',
    roles: ['admin'],
    scopes: ['read', 'write'],
    claims: { tenant: 'blue' },
  });
  for (const headers of [jane.headers, jane.cookies]) {
    const user = await guard.authenticate(askWith(headers));
    assert.deepEqual(user, jane.user);
    assert.equal(user.sub, 'jane');
    assert.equal(user.tenant, 'blue');
    assert.ok(Object.isFrozen(user) && Object.isFrozen(jane.user));
  }
  await guard.require({ roles: ['admin'], scopes: ['read'], maxAuthAge: 0 })(askWith(jane.headers));
  const unnamed = signInAs();
  assert.deepEqual(unnamed.user.amr, ['pwd']);
  assert.deepEqual(signInAs({ amr: ['hwk', 'user'] }).user.amr, ['hwk', 'user']);
  assert.equal(unnamed.user.sub, 'test-user');
  const editor = signInAs({ permissions: ['posts:write', 'posts:publish'] });
  assert.deepEqual(editor.user.entitlements, ['posts:publish', 'posts:write']);
  await guard.require({ permissions: ['posts:write'] })(askWith(editor.headers));
  assert.throws(() => guard.require({ permissions: ['posts:write'] })(askWith(unnamed.headers)), {
    code: 'insufficient_permission',
  });
  assert.throws(() => guard.require({ roles: ['admin'] })(askWith(unnamed.headers)), {
    code: 'insufficient_role',
  });
});

test('time passes only when the test moves it', () => {
  const { guard, signInAs, travel, clock } = createTestIssuer({ now: 1_800_000_000_000 });
  const { token } = signInAs({ expiresIn: 60 });
  travel(64);
  assert.equal(clock.now(), 1_800_000_064_000);
  guard.verify(token);
  travel(2);
  assert.throws(() => guard.verify(token), { code: 'token_expired' });
  travel(-66);
  guard.verify(token);
  const old = signInAs({ authAge: 3600, expiresIn: -60 });
  assert.throws(() => guard.verify(old.token), { code: 'token_expired' });
  assert.throws(
    () => guard.require({ maxAuthAge: 60 })(askWith(signInAs({ authAge: 61 }).headers)),
    {
      code: 'insufficient_user_authentication',
    },
  );
});

test('a revoked token is refused immediately, and no other', () => {
  const { guard, signInAs, revoke } = createTestIssuer();
  const [phone, laptop, bob] = [
    signInAs({ id: 'alice' }),
    signInAs({ id: 'alice' }),
    signInAs({ id: 'bob' }),
  ];
  const assertOnly = (...live: { token: string }[]) => {
    for (const each of [phone, laptop, bob]) {
      if (live.includes(each)) guard.verify(each.token);
      else assert.throws(() => guard.verify(each.token), { code: 'token_revoked' });
    }
  };
  assertOnly(phone, laptop, bob);
  revoke(phone);
  assertOnly(laptop, bob);
  revoke({ userId: 'alice' });
  assertOnly(bob);
  const again = signInAs({ id: 'alice' });
  guard.verify(again.token);
  revoke({ jti: again.user.jti });
  assert.throws(() => guard.verify(again.token), { code: 'token_revoked' });
  revoke({ session: bob.user.sid });
  assertOnly();
});

test('two issuers do not trust each other', () => {
  const [one, other] = [createTestIssuer(), createTestIssuer()];
  assert.throws(() => one.guard.verify(other.signInAs().token), { code: 'token_untrusted' });
});

test('every algorithm and name can be set, and another library verifies with the key set', async () => {
  for (const algorithm of ['ES256', 'EdDSA', 'HS256'] as const) {
    const { guard, signInAs, jwks } = createTestIssuer({
      algorithm,
      issuer: 'http://localhost:8000',
      audience: 'api',
      cookies: { access: 'own' },
    });
    const { token, cookies } = signInAs();
    assert.match(cookies.cookie, /^own=/);
    guard.verify(token);
    if (algorithm === 'HS256') {
      assert.deepEqual(jwks, { keys: [] });
      continue;
    }
    const keys = createRemoteJWKSet(new URL('https://auth.test/jwks'), {
      [customFetch]: async () => Response.json(jwks),
    });
    const { payload } = await jwtVerify(token, keys, {
      issuer: 'http://localhost:8000',
      audience: 'api',
      typ: 'at+jwt',
    });
    assert.equal(payload.sub, 'test-user');
  }
});

test('options that make no sense are refused', () => {
  for (const wrong of [{ audiance: 'x' }, { audience: undefined }, 'x', ['x'], undefined, null]) {
    if (wrong === undefined) continue;
    assert.throws(() => createTestIssuer(wrong as never), TypeError, JSON.stringify(wrong));
  }
  const { signInAs, revoke } = createTestIssuer();
  for (const wrong of [{ role: 'admin' }, { roles: 'admin' }, { roles: undefined }, 'jane', []]) {
    assert.throws(() => signInAs(wrong as never), TypeError, JSON.stringify(wrong));
  }
  for (const wrong of [{ user: 'jane' }, { userId: undefined }, {}, { sessionId: 'x' }]) {
    assert.throws(() => revoke(wrong as never), TypeError, JSON.stringify(wrong));
  }
});
