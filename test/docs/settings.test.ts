import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { settingTable } from '../../src/config/setting-table.ts';
import { POLL_INTERVALS_MS } from '../../src/system/latchkey.ts';

const GUIDE = new URL('../../docs/guide.md', import.meta.url);

/** If this fails, put the lines that it shows between the marks in docs/guide.md. */
test('the guide lists the settings as they are', () => {
  const rows = Object.values(settingTable).map(
    ({ variable, flag, name, default: fallback, description }) =>
      `| \`${variable}\` | ${flag === undefined ? '–' : `\`--${flag}\``} | \`${name}\` | ${fallback === '' ? 'none' : `\`${fallback}\``} | ${description} |`,
  );
  const guide = readFileSync(GUIDE, 'utf8');
  const listed = /<!-- settings:.*?-->\s*\|.*\n\|[-|]+\n([\s\S]*?)\n*<!-- \/settings -->/.exec(
    guide,
  );
  assert.equal(listed?.[1], rows.join('\n'));
});

test('the documents name the poll of the revocation log that the code has', () => {
  const { sqlite, postgres } = POLL_INTERVALS_MS;
  const claims: Record<string, RegExp> = {
    '../../SECURITY.md': new RegExp(`${sqlite} ms at most on SQLite, after ${postgres} ms at most`),
    '../../docs/architecture.md': new RegExp(`every ${sqlite} ms on SQLite.* every ${postgres} ms`),
    '../../docs/guide.md': new RegExp(`${sqlite} on SQLite, ${postgres} on PostgreSQL`),
  };
  for (const [file, claim] of Object.entries(claims)) {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');
    assert.match(text, claim, file);
  }
});

test('the health check of the image asks the port that the server listens on', () => {
  const file = readFileSync(new URL('../../docs/deploy/Dockerfile', import.meta.url), 'utf8');
  const check = /HEALTHCHECK.*\n.*/.exec(file)?.[0] ?? '';
  assert.match(check, /process\.env\.LATCHKEY_PORT/);
  assert.doesNotMatch(check, /:\d+\//);
});

test('no document names a repository that is not there', () => {
  for (const file of [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'docs/deploy/latchkey.service',
  ]) {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    assert.doesNotMatch(text, /github\.com\/latchkey/, file);
  }
});
