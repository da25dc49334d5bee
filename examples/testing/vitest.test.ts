// The same tests with Vitest: vitest run orders.test.ts
// In a clone of Latchkey: npm test -- examples/testing
// No server, no database, no network: the issuer is in the test.
import { createTestIssuer } from 'latchkey/testing';
import { expect, test } from 'vitest';
import { createApp } from './app.ts';

function setUp() {
  const issuer = createTestIssuer();
  return { issuer, app: createApp(issuer.guard) };
}

test('orders are for signed-in users', async () => {
  const { app, issuer } = setUp();
  const alice = issuer.signInAs({ id: 'alice' });
  const answer = await app.request('/orders', { headers: alice.headers });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ of: 'alice' });
  expect((await app.request('/orders')).status).toBe(401);
});

test('a browser may order from a page of this site, and from no other', async () => {
  const { app, issuer } = setUp();
  const headers = issuer.signInAs().cookies;
  expect((await app.request('/orders', { method: 'POST', headers })).status).toBe(201);
  const foreign = { ...headers, 'sec-fetch-site': 'cross-site' };
  expect((await app.request('/orders', { method: 'POST', headers: foreign })).status).toBe(403);
});

test('reports are for admins', async () => {
  const { app, issuer } = setUp();
  const admin = issuer.signInAs({ roles: ['admin'] });
  const user = issuer.signInAs({ roles: ['user'] });
  expect((await app.request('/reports', { headers: admin.headers })).status).toBe(200);
  expect((await app.request('/reports', { headers: user.headers })).status).toBe(403);
});

test('closing the account asks for a fresh sign-in', async () => {
  const { app, issuer } = setUp();
  const { headers } = issuer.signInAs();
  expect((await app.request('/account', { method: 'DELETE', headers })).status).toBe(204);
  issuer.travel(301);
  expect((await app.request('/account', { method: 'DELETE', headers })).status).toBe(401);
});

test('a session that ends is refused immediately, and tokens expire', async () => {
  const { app, issuer } = setUp();
  const [phone, laptop] = [issuer.signInAs({ id: 'alice' }), issuer.signInAs({ id: 'alice' })];
  issuer.revoke(phone);
  expect((await app.request('/orders', { headers: phone.headers })).status).toBe(401);
  expect((await app.request('/orders', { headers: laptop.headers })).status).toBe(200);
  issuer.travel(3600);
  expect((await app.request('/orders', { headers: laptop.headers })).status).toBe(401);
});
