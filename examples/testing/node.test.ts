// Tests of an app behind a guard, with Node's own runner: node --test orders.test.ts
// In a clone of Latchkey: npm test -- examples/testing
// No server, no database, no network: the issuer is in the test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestIssuer } from 'latchkey/testing';
import { createApp } from './app.ts';

function setUp() {
  const issuer = createTestIssuer();
  return { issuer, app: createApp(issuer.guard) };
}

test('orders are for signed-in users', async () => {
  const { app, issuer } = setUp();
  const alice = issuer.signInAs({ id: 'alice' });
  const answer = await app.request('/orders', { headers: alice.headers });
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { of: 'alice' });
  assert.equal((await app.request('/orders')).status, 401);
});

test('a browser may order from a page of this site, and from no other', async () => {
  const { app, issuer } = setUp();
  const headers = issuer.signInAs().cookies;
  assert.equal((await app.request('/orders', { method: 'POST', headers })).status, 201);
  const foreign = { ...headers, 'sec-fetch-site': 'cross-site' };
  assert.equal((await app.request('/orders', { method: 'POST', headers: foreign })).status, 403);
});

test('reports are for admins', async () => {
  const { app, issuer } = setUp();
  const admin = issuer.signInAs({ roles: ['admin'] });
  const user = issuer.signInAs({ roles: ['user'] });
  assert.equal((await app.request('/reports', { headers: admin.headers })).status, 200);
  assert.equal((await app.request('/reports', { headers: user.headers })).status, 403);
});

test('closing the account asks for a fresh sign-in', async () => {
  const { app, issuer } = setUp();
  const { headers } = issuer.signInAs();
  assert.equal((await app.request('/account', { method: 'DELETE', headers })).status, 204);
  issuer.travel(301);
  assert.equal((await app.request('/account', { method: 'DELETE', headers })).status, 401);
});

test('a session that ends is refused immediately, and tokens expire', async () => {
  const { app, issuer } = setUp();
  const [phone, laptop] = [issuer.signInAs({ id: 'alice' }), issuer.signInAs({ id: 'alice' })];
  issuer.revoke(phone);
  assert.equal((await app.request('/orders', { headers: phone.headers })).status, 401);
  assert.equal((await app.request('/orders', { headers: laptop.headers })).status, 200);
  issuer.travel(3600);
  assert.equal((await app.request('/orders', { headers: laptop.headers })).status, 401);
});
