import { after } from 'node:test';
import chromiumBinary from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** ms. Unpacking and starting a browser takes long on a busy machine. */
export const BROWSER_TIMEOUT_MS = 60_000;

/** Starts Chromium; it ends when the tests of the file are over. */
export async function startBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: await chromiumBinary.executablePath(),
    args: FLAGS,
    timeout: BROWSER_TIMEOUT_MS,
  });
  after(() => browser.close());
  return browser;
}
