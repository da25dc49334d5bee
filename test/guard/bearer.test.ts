import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseBearer, wwwAuthenticate } from '../../src/guard/request/bearer.ts';
import { AccessDenied, ReauthenticationRequired, TokenRefused } from '../../src/kernel/errors.ts';

test('the case of the scheme does not matter, and the token is returned unchanged', () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
    assert.equal(parseBearer(`${scheme} aA0-._~+/==`), 'aA0-._~+/==');
  }
  assert.equal(parseBearer('Bearer   abc'), 'abc');
});

test('without a header, the token is missing', () => {
  for (const none of [undefined, '']) {
    assert.throws(() => parseBearer(none), { code: 'token_missing' });
  }
});

for (const header of [
  'Bearer',
  'Bearer ',
  'Bearer  ',
  'Bearer a b',
  'Bearer a,b',
  'Bearer a, Bearer b',
  'Bearer a;b',
  'Bearer "a"',
  'Bearer a=b',
  'Bearer =',
  'Bearer\ta',
  'Bearer a\t',
  'Bearer a ',
  ' Bearer a',
  'Bearera',
  'Bearer: a',
  'Basic dXNlcjpwYXNz',
  'Token abc',
  'abc.def.ghi',
  'Bearer é',
  'Bearer a\0',
  'Bearer a\nX-Injected: b',
  'Bearer token="a"',
]) {
  test(`refuses ${JSON.stringify(header)}`, () => {
    assert.throws(() => parseBearer(header), { code: 'token_malformed', name: 'TokenRefused' });
  });
}

test('a challenge for missing credentials names no error', () => {
  const missing = new TokenRefused('token_missing', 'Send one.');
  assert.equal(wwwAuthenticate(missing), 'Bearer');
  assert.equal(wwwAuthenticate(missing, 'latchkey'), 'Bearer realm="latchkey"');
  assert.equal(wwwAuthenticate(undefined), 'Bearer');
  assert.equal(wwwAuthenticate(new Error('secret detail')), 'Bearer');
  assert.equal(wwwAuthenticate(new AccessDenied('cross_site_request', 'No.')), 'Bearer');
});

test('a challenge says what is wrong', () => {
  assert.equal(
    wwwAuthenticate(new TokenRefused('token_expired', 'Refresh it.'), 'api'),
    'Bearer realm="api", error="invalid_token", error_description="Refresh it."',
  );
  assert.equal(
    wwwAuthenticate(new AccessDenied('insufficient_scope', 'More.', ['read', 'write'])),
    'Bearer error="insufficient_scope", error_description="More.", scope="read write"',
  );
  assert.equal(
    wwwAuthenticate(new AccessDenied('insufficient_role', 'More.')),
    'Bearer error="insufficient_scope", error_description="More."',
  );
  assert.equal(
    wwwAuthenticate(new ReauthenticationRequired(300)),
    'Bearer error="insufficient_user_authentication", error_description="Reauthenticate, or sign in ' +
      'again: this needs an authentication no older than 300 seconds.", max_age="300"',
  );
  assert.match(
    wwwAuthenticate(new ReauthenticationRequired(600, ['mfa', 'phr'])),
    /, acr_values="mfa phr", max_age="600"$/,
  );
});

test('nothing in a realm or a message can end its quotes', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('"', '\\', '\r', '\n', ','),
      fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
    ),
  });
  fc.assert(
    fc.property(text, text, (realm, message) => {
      const challenge = wwwAuthenticate(new TokenRefused('token_expired', message), realm);
      const quoted = '"(?:[ !#-\\[\\]-~]|\\\\["\\\\])*"';
      const description = '"[ !#-\\[\\]-~]*"';
      assert.match(
        challenge,
        new RegExp(
          `^Bearer realm=${quoted}, error="invalid_token", error_description=${description}$`,
        ),
      );
    }),
  );
});
