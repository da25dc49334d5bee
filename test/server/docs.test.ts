import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BROWSER_TIMEOUT_MS, startBrowser } from '../support/browser.ts';
import { PASSWORD, startServer } from '../support/server.ts';

const browser = await startBrowser();

describe('the page at /docs', { timeout: 3 * BROWSER_TIMEOUT_MS }, () => {
  it('signs in by its Authorize button and then tries a route that needs it', async () => {
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

    const route = page.locator('.opblock', { has: page.locator('[data-path="/auth/me"]') });
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
