import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import Fastify from 'fastify';
import { latchkey } from 'latchkey/server';
import { BROWSER_TIMEOUT_MS, startBrowser } from '../support/browser.ts';
import { PASSWORD, sendTo, startServer, testOptions } from '../support/server.ts';

const browser = await startBrowser();

suite('the page at /docs', { timeout: 3 * BROWSER_TIMEOUT_MS }, () => {
  test('signs in by its Authorize button and then tries a route that needs it', async () => {
    const server = await startServer();
    const { body } = await server.register('jane');
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.setDefaultTimeout(BROWSER_TIMEOUT_MS);
    const complaints: string[] = [];
    const foreign: string[] = [];
    page.on('console', (message) => {
      if (message.type() !== 'log') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${server.url}/`) && !url.startsWith('data:')) foreign.push(url);
    });

    const response = await page.goto(`${server.url}/docs`);
    assert.equal(response?.status(), 200);
    assert.equal(response?.headers()['x-content-type-options'], 'nosniff');
    assert.match(response?.headers()['content-security-policy'] ?? '', /script-src 'self';/);
    assert.equal(await page.title(), 'Latchkey API');

    await page.locator('.auth-wrapper button.authorize').click();
    const dialog = page.locator('.modal-ux');
    // A person sees what there is to fill in, and nothing else.
    const fields = dialog.locator('input, select').filter({ visible: true });
    assert.equal(await fields.count(), 2);
    await dialog.getByLabel('username').fill('jane');
    await dialog.getByLabel('password:').fill('not the password');
    await dialog.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
    await dialog.getByText('Incorrect username or password').waitFor();
    // The browser itself reports the refusal on its console, and rightly.
    assert.match(complaints.splice(0).join(), /^Failed to load resource: .* 400/);

    await dialog.getByLabel('password:').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
    await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();

    const route = page.locator('.opblock-get', { has: page.locator('[data-path="/auth/me"]') });
    await route.locator('.opblock-summary-control').click();
    await route.getByRole('button', { name: 'Try it out' }).click();
    await route.getByRole('button', { name: 'Execute' }).click();
    const live = route.locator('.live-responses-table');
    await live.waitFor();
    assert.equal(await live.locator('.response .response-col_status').textContent(), '200');
    const shown = await live.locator('.response .microlight').first().textContent();
    assert.deepEqual(JSON.parse(shown ?? ''), body['user']);

    const screenshot = process.env['TEST_SCREENSHOT'];
    if (screenshot !== undefined) await page.screenshot({ path: screenshot, fullPage: true });
    assert.deepEqual(complaints, []);
    assert.deepEqual(foreign, []);
  });
});

suite('the page at /docs elsewhere', { timeout: 3 * BROWSER_TIMEOUT_MS }, () => {
  /** Signs in by the Authorize button, and asks for one's own user. */
  async function tryOut(url: string, mePath: string): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
    const page = await context.newPage();
    page.setDefaultTimeout(BROWSER_TIMEOUT_MS);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() !== 'log') complaints.push(message.text());
    });
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    const response = await page.goto(url);
    assert.equal(response?.status(), 200);
    await page.locator('.auth-wrapper button.authorize').click();
    const dialog = page.locator('.modal-ux');
    await dialog.getByLabel('username').fill('jane');
    await dialog.getByLabel('password:').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
    await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    const route = page.locator('.opblock-get', { has: page.locator(`[data-path="${mePath}"]`) });
    await route.locator('.opblock-summary-control').click();
    await route.getByRole('button', { name: 'Try it out' }).click();
    await route.getByRole('button', { name: 'Execute' }).click();
    const live = route.locator('.live-responses-table');
    await live.waitFor();
    assert.equal(await live.locator('.response .response-col_status').textContent(), '200');
    assert.deepEqual(complaints, []);
    await context.close();
  }

  test('works below a prefix', async (t) => {
    const all = { ...testOptions(), docs: true };
    const app = Fastify({ forceCloseConnections: true });
    t.after(() => app.close());
    await app.register((scope) => scope.register(latchkey, all), { prefix: '/api/v1' });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const json = { username: 'jane', password: PASSWORD };
    assert.equal((await sendTo(`${url}/api/v1/auth/register`, { json })).status, 201);
    for (const path of ['/api/v1/docs', '/api/v1/docs/'])
      await tryOut(url + path, '/api/v1/auth/me');
    const { body } = await sendTo(`${url}/api/v1/openapi.json`);
    assert.deepEqual(body['servers'], [{ url: 'https://auth.example' }]);
    const { password } = body['components'].securitySchemes.account.flows;
    assert.equal(password.tokenUrl, '/api/v1/auth/token');
  });

  test('works behind a proxy that takes a path off, and at other names than that of the issuer', async (t) => {
    const server = await startServer({ issuer: 'https://example.com/tenants/acme' });
    await server.register('jane');
    const proxy = createServer((incoming, outgoing) => {
      const { method, url = '', headers } = incoming;
      const path = url.startsWith('/tenants/acme/')
        ? url.slice('/tenants/acme'.length)
        : '/nowhere';
      const asked = request({ host: '127.0.0.1', port: server.port, method, path, headers });
      asked.on('response', (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(asked);
    });
    t.after(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    await tryOut(`http://127.0.0.1:${port}/tenants/acme/docs`, '/auth/me');
    await tryOut(`${server.url}/docs/`, '/auth/me');
    const { body } = await server.send('/openapi.json');
    assert.deepEqual(body['servers'], [{ url: 'https://example.com/tenants/acme' }]);
    const { password } = body['components'].securitySchemes.account.flows;
    assert.equal(password.tokenUrl, '/tenants/acme/auth/token');
    assert.ok('/auth/me' in body['paths']);
  });
});
