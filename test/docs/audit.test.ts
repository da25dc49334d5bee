import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AUDIT_EVENT_TYPES } from '../../src/auth/audit/event.ts';

const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');

test('the page about the audit trail describes every type of event as it is', () => {
  const [, table = ''] = /<!-- events:.*-->\n([\s\S]*?)<!-- \/events -->/.exec(page) ?? [];
  const described = table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').slice(1, -1));
  const quote = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ') || '–';
  assert.deepEqual(
    described.map((cells) => cells.slice(0, 4).map((cell) => cell.trim())),
    Object.entries(AUDIT_EVENT_TYPES).map(([type, { subject, changes, reasons }]) => [
      `\`${type}\``,
      subject,
      quote(changes),
      quote(reasons),
    ]),
  );
  for (const [type = '', ...cells] of described) assert.match(cells[3] ?? '', /\w{3}.*\. $/, type);
});
