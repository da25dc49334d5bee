import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { root } from '../../scripts/steps.ts';
import { checkSurface } from '../../scripts/surface/check.ts';

/** Checks an entry `index.ts` of these files. @returns the problems */
function check(files: Readonly<Record<string, string>>): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-surface-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return checkSurface(folder, join(folder, 'index.ts'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

suite('an entry of a package', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly 'latchkey-source': string }>>;
  };
  const entries = Object.values(manifest.exports).flatMap((it) =>
    typeof it === 'string' ? [] : [it['latchkey-source']],
  );
  for (const entry of [...entries, './src/client/index.ts']) {
    test(`${entry} documents what it exports, and exports what it mentions`, () => {
      assert.deepEqual(checkSurface(root, join(root, entry)), []);
    });
  }
});

suite('the check of an entry finds', () => {
  test('an export, a member and an overload without a docstring', () => {
    const files = {
      'index.ts': "export * from './a.ts';\nexport { b as c } from './b.ts';",
      'a.ts': [
        'export interface A { one: string; /** Two. */ two: string }',
        '/** A class. */',
        'export class B { #hidden = 1; private own = 2; open = 3; override toString() { return ""; } }',
        '/** A type. */',
        'export type C = { one: 1 };',
      ].join('\n'),
      'b.ts': 'export function b(): void;\nexport function b(it?: string): void {}',
    };
    assert.deepEqual(check(files), [
      'a.ts: A has no docstring',
      'a.ts: A.one has no docstring',
      'a.ts: B.open has no docstring',
      'a.ts: C.one has no docstring',
      'b.ts: b has no docstring',
    ]);
  });

  test('a type that a signature mentions and the entry does not export', () => {
    const files = {
      'index.ts': "export { f, type Shown } from './a.ts';\nexport { K } from './k.ts';",
      'a.ts': [
        "import type { Far } from './far.ts';",
        "import * as far from './far.ts';",
        "import type { Foreign } from 'somewhere';",
        'interface Local { one: string }',
        'type Keys = keyof Local;',
        '/** Shown. */',
        'export interface Shown { /** One. */ one: Far | Foreign; /** Two. */ two: Pick<Far, "a"> }',
        '/** A function. */',
        'export function f<T>(it: Local, ...more: far.Other[]): Promise<T | Shown | Keys> {',
        '  const inner: Local = it;',
        '  throw inner;',
        '}',
      ].join('\n'),
      'far.ts':
        '/** F. */ export interface Far { /** A. */ a: 1 }\n/** O. */ export interface Other {}',
      'k.ts': [
        "import { Far } from './far.ts';",
        '/** A class. */',
        'export class K extends Map<string, Far> { /** M. */ m(it: Far): void {} }',
      ].join('\n'),
    };
    assert.deepEqual(check(files), [
      'a.ts: Shown mentions Far, which the entry does not export',
      'a.ts: f mentions Local, which the entry does not export',
      'a.ts: f mentions Other, which the entry does not export',
      'k.ts: K mentions Far, which the entry does not export',
    ]);
  });

  test('a union with unknown, which accepts everything and says nothing', () => {
    const files = { 'index.ts': '/** F. */\nexport function f(it: string | unknown): void {}' };
    assert.deepEqual(check(files), ['index.ts: f has a union with unknown']);
  });
});
