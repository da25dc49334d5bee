import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { BROWSER_TIMEOUT_MS, startBrowser } from '../support/browser.ts';
import { PASSWORD, startServer, type TestServer } from '../support/server.ts';

const browser = await startBrowser();

async function openPage(context: BrowserContext, { url }: TestServer): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(BROWSER_TIMEOUT_MS);
  await page.goto(`${url}/healthz`);
  return page;
}

/** Sends what a page of the server itself would send; answers the status. */
function ask(page: Page, path: string, json?: object): Promise<number> {
  const request = [path, json === undefined ? null : JSON.stringify(json)] as const;
  return page.evaluate(async ([to, body]) => {
    const response = await fetch(to, {
      method: body === null ? 'GET' : 'POST',
      ...(body === null ? {} : { body, headers: { 'content-type': 'application/json' } }),
    });
    return response.status;
  }, request);
}

suite('cookies in a browser', { timeout: 2 * BROWSER_TIMEOUT_MS }, () => {
  test('of two installations on one host do not sign a user out of the other one', async (t) => {
    const servers = [
      await startServer({ issuer: 'http://127.0.0.1:8000' }),
      await startServer({ issuer: 'http://127.0.0.1:8001' }),
      await startServer({ issuer: 'http://127.0.0.1:8001/tenants/a' }),
    ];
    const context = await browser.newContext({ bypassCSP: true });
    t.after(() => context.close());
    const pages: Page[] = [];
    for (const server of servers) {
      await server.register('jane');
      const page = await openPage(context, server);
      const login = { username: 'jane', password: PASSWORD };
      assert.equal(await ask(page, '/auth/login?transport=cookie', login), 200);
      pages.push(page);
    }
    // The two of the tokens and that of the device.
    assert.equal((await context.cookies()).length, 3 * servers.length);
    for (const page of pages) {
      assert.equal(await ask(page, '/auth/me'), 200);
      assert.equal(await ask(page, '/auth/refresh', {}), 200);
    }
    const [first, ...others] = pages;
    assert.ok(first);
    assert.equal(await ask(first, '/auth/logout', {}), 204);
    assert.equal(await ask(first, '/auth/me'), 401);
    for (const page of others) assert.equal(await ask(page, '/auth/me'), 200);
  });

  test('are kept where they are as long as we let them be', async (t) => {
    let pad = 0;
    const server = await startServer({
      issuer: 'http://127.0.0.1:8000',
      claims: () => ({ pad: 'x'.repeat(pad) }),
    });
    const context = await browser.newContext({ bypassCSP: true });
    t.after(() => context.close());
    const short = (await server.register('jane')).body['access_token'] as string;
    const { limits } = server.app.latchkey.cookies;
    // Four characters carry three bytes.
    pad = Math.floor(((limits.accessToken - short.length) * 3) / 4) - 3;
    const page = await openPage(context, server);
    const login = { username: 'jane', password: PASSWORD };
    for (;;) {
      const status = await ask(page, '/auth/login?transport=cookie', login);
      if (status !== 200) break;
      pad++;
    }
    pad--;
    await context.clearCookies();
    assert.equal(await ask(page, '/auth/login?transport=cookie', login), 200);
    const cookies = await context.cookies();
    const access = cookies.find(({ name }) => name === 'latchkey_access');
    assert.ok(access !== undefined && access.value.length > limits.accessToken - 4);
    assert.equal(cookies.length, 3);
    assert.equal(await ask(page, '/auth/me'), 200);
    assert.equal(await ask(page, '/auth/refresh', {}), 200);
    assert.equal(await ask(page, '/auth/me'), 200);
  });
});
