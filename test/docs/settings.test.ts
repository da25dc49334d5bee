import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { settingTable } from '../../src/config/setting-table.ts';

const GUIDE = new URL('../../docs/guide.md', import.meta.url);

/** To mend a failure, put the lines it shows between the marks in docs/guide.md. */
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
