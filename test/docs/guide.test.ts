import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { settingTable } from '../../src/config/setting-table.ts';
import { ISSUER_GUARD_OPTIONS, LOCAL_GUARD_OPTIONS } from '../../src/guard/guard-option-checks.ts';
import { DEFAULT_ROUTES } from '../../src/server/features/features.ts';
import {
  type ErrorDetails,
  parseErrorDetails,
} from '../../src/server/http/errors/error-details.ts';
import { pluginOptionChecks } from '../../src/server/options.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The cells of a table, by the names that its first column has in backquotes. */
function readTable(page: string, head: string): Map<string, readonly string[]> {
  const [, rows = ''] = page.split(`\n${head}\n`);
  const table = new Map<string, readonly string[]>();
  for (const line of rows.split('\n').slice(1)) {
    if (!line.startsWith('|')) break;
    const [, first = '', ...cells] = line.split('|').map((cell) => cell.trim());
    for (const [, name = ''] of first.matchAll(/`(\w+)`/g)) table.set(name, cells);
  }
  assert.ok(table.size > 0, head);
  return table;
}

test('the guide describes every option of the plugin', () => {
  const described = readTable(read('docs/guide.md'), '| option | default | what it does |');
  const options = Object.keys(pluginOptionChecks).filter(
    (name) => !Object.hasOwn(settingTable, name),
  );
  const others = read('docs/guide.md').includes('- `as: ') ? ['as'] : [];
  assert.deepEqual([...described.keys(), ...others].sort(), options.sort());
});

test('the guide describes every route where it is', () => {
  const described = readTable(
    read('docs/guide.md'),
    '| name in `paths` | method and path | request → response |',
  );
  assert.deepEqual(
    [...described].map(([name, [address]]) => [name, address]),
    Object.entries(DEFAULT_ROUTES).map(([name, address]) => [name, `\`${address}\``]),
  );
});

test('the page of the guard describes every option of createGuard', () => {
  const [, section = ''] = read('docs/guard.md').split('\n## Options\n');
  const described = readTable(section, '| option | default | what it does |');
  const options = { ...ISSUER_GUARD_OPTIONS, ...LOCAL_GUARD_OPTIONS };
  assert.deepEqual([...described.keys(), 'keys', 'algorithm'].sort(), Object.keys(options).sort());
});

test('the guide lists every code of an error, and no other', () => {
  const [, section = ''] = read('docs/guide.md').split('\n| status | codes |\n');
  const [table = ''] = section.split('\n\n');
  const listed = [...table.matchAll(/`([a-z_]+)`/g)].map(([, code = '']) => code);
  const sources = globSync('src/{kernel,guard,server}/**/*.ts', { cwd: root }).map(read).join('\n');
  for (const code of listed) assert.ok(sources.includes(`'${code}'`), code);
  // The compiler keeps this list complete.
  const known: string[] = [];
  assert.throws(
    () => parseErrorDetails({ nonsense: '' } as ErrorDetails),
    ({ message }: Error) =>
      known.push(...(message.match(/[a-z]+(?:_[a-z]+)+|overloaded/g) ?? [])) > 0,
  );
  for (const code of known) assert.ok(listed.includes(code), code);
});

/** As the repository's pages make an anchor of a heading. */
function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

test('every link between the documents leads somewhere', () => {
  for (const path of globSync('{*,docs/*,packages/*/*,src/*/*}.md', { cwd: root })) {
    const text = read(path).replaceAll(/^```[\s\S]*?^```/gm, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const to = file === '' ? path : join(dirname(path), file);
      assert.ok(existsSync(join(root, to)), `${path}: ${target}`);
      if (anchor === undefined) continue;
      const headings = [...read(to).matchAll(/^#+ (.*)$/gm)].map(([, it = '']) => toAnchor(it));
      assert.ok(headings.includes(anchor), `${path}: ${target}`);
    }
  }
});
