import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { checkLayers } from '../../scripts/layers/check.ts';

/** Checks a tree that contains these files and nothing else. @returns the problems */
function check(files: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'latchkey-layers-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkLayers(root).problems;
  } finally {
    rmSync(root, { recursive: true });
  }
}

function assertRefused(path: string, text: string, expected: RegExp): void {
  const problems = check({ [path]: text });
  assert.equal(problems.length, 1, problems.join('\n') || 'nothing was found');
  assert.match(problems[0] ?? '', expected);
}

suite('layer rules', () => {
  test('accept what the rules allow', () => {
    const problems = check({
      'src/kernel/errors.ts': `export class Oops extends Error {}`,
      'src/jwt/sign.ts': `import { sign } from 'node:crypto';\nimport { Oops } from '../kernel/errors.ts';\nexport { sign, Oops };`,
      'src/server/app.ts': `import fastify from 'fastify';\nimport '../system/clock.ts';\nexport default fastify;`,
      'src/kernel/system-random.ts': `export const now = () => Date.now();`,
      'src/store/worker.ts': `import 'node:sqlite';`,
      'src/store/store.ts': `export const url = new URL('./worker.ts', import.meta.url);`,
      'src/cli/main.ts': `const { run } = await import('../server/app.ts');\nrun(new Date(0), new Date(1));`,
      'test/jwt/sign.test.ts': `import '../../src/jwt/sign.ts';\nimport 'latchkey/server';\nDate.now();`,
      'src/server/version.ts': `new URL('../../package.json', import.meta.url);`,
      'examples/one.ts': `import 'latchkey/server';\nimport './shared.ts';`,
      'examples/shared.ts': `export {};`,
    });
    assert.deepEqual(problems, []);
  });

  const upward: Readonly<Record<string, string>> = {
    'a static import': `import '../server/app.ts';`,
    'a type import': `import type { App } from '../server/app.ts';`,
    'an import type': `export type App = import('../server/app.ts').App;`,
    'a re-export': `export { app } from '../server/app.ts';`,
    'a star re-export': `export * from '../server/app.ts';`,
    'a dynamic import': `await import('../server/app.ts');`,
    'a worker by URL': `new URL('../server/app.ts', import.meta.url);`,
  };
  for (const [form, text] of Object.entries(upward)) {
    test(`refuse ${form} that goes up`, () => {
      assertRefused(
        'src/jwt/sign.ts',
        `\n${text}`,
        /^src\/jwt\/sign\.ts:2 .*jwt may import kernel, fast only/,
      );
    });
  }

  test('let the kernel import no other layer', () => {
    assertRefused(
      'src/kernel/errors.ts',
      `import '../jwt/sign.ts';`,
      /kernel may import no other layer/,
    );
  });

  test('refuse a folder of src that has no row', () => {
    assertRefused('src/surprise/x.ts', '', /belongs to no layer/);
  });

  test('refuse a cycle, even of types alone', () => {
    const problems = check({
      'src/jwt/a.ts': `import './b.ts';`,
      'src/jwt/b.ts': `import type { C } from './c.ts';`,
      'src/jwt/c.ts': `export * from './a.ts';`,
      'src/jwt/apart.ts': `import './a.ts';`,
    });
    assert.deepEqual(problems, [
      'src/jwt/a.ts:1 cycle: src/jwt/a.ts → src/jwt/b.ts → src/jwt/c.ts → src/jwt/a.ts',
    ]);
  });

  for (const area of ['bench', 'scripts', 'examples', 'test']) {
    test(`refuse a cycle in ${area}`, () => {
      const problems = check({
        [`${area}/one.ts`]: `import './deep/two.ts';`,
        [`${area}/deep/two.ts`]: `import type { One } from '../one.ts';`,
      });
      assert.deepEqual(problems, [
        `${area}/deep/two.ts:1 cycle: ${area}/deep/two.ts → ${area}/one.ts → ${area}/deep/two.ts`,
      ]);
    });
  }

  const misplaced: readonly (readonly [string, string, RegExp])[] = [
    ['src/cli/x.ts', 'fastify', /only src\/server, src\/guard\/adapters\/fastify may/],
    ['src/guard/verify.ts', '@fastify/cors', /only src\/server/],
    ['src/auth/x.ts', 'kysely', /only src\/store may/],
    ['src/server/x.ts', 'node:sqlite', /only src\/store may/],
    ['src/auth/x.ts', '@node-rs/bcrypt', /only src\/hasher may/],
    ['src/server/x.ts', 'node:crypto', /only src\/kernel/],
    ['src/guard/x.ts', 'crypto', /only src\/kernel/],
    ['src/jwt/x.ts', 'latchkey/server', /must not go through the package's own name/],
  ];
  for (const [path, name, expected] of misplaced) {
    test(`refuse ${name} in ${path}`, () => {
      assertRefused(path, `import '${name}';`, expected);
    });
  }

  test('allow fastify in its adapter', () => {
    assert.deepEqual(check({ 'src/guard/adapters/fastify/index.ts': `import 'fastify';` }), []);
  });

  for (const path of ['examples/one.ts', 'bench/main.ts']) {
    test(`refuse sources in ${path}`, () => {
      assertRefused(path, `import '../src/jwt/sign.ts';`, /import Latchkey by 'latchkey\/…'/);
    });
  }

  test('let a seam import the files that it names, and no others', () => {
    const seam = 'bench/servers/session-rotator.ts';
    assert.deepEqual(check({ [seam]: `import '../../src/store/index.ts';` }), []);
    assertRefused(seam, `import '../../src/store/migrate.ts';`, /bench may reach into bench only/);
    assertRefused(
      'bench/x.ts',
      `import '../src/store/index.ts';`,
      /bench may reach into bench only/,
    );
  });

  test('refuse tests, and files beside src, in src', () => {
    assertRefused('src/jwt/x.ts', `import '../../test/x.ts';`, /src may reach into src only/);
    assertRefused('src/jwt/x.ts', `import '../../scripts/x.ts';`, /src may reach into src only/);
  });

  const ambient = [
    'Date.now();',
    'new Date();',
    'new globalThis.Date();',
    'String(Date());',
    'Math.random();',
    `Math['random']();`,
    'globalThis.Math.random();',
    'process.hrtime.bigint();',
    'performance.now();',
    'const { now } = Date;',
    `import { performance } from 'node:perf_hooks';`,
    `import { hrtime } from 'node:process';`,
  ];
  for (const text of ambient) {
    test(`refuse ${text} in src`, () => {
      assertRefused('src/auth/x.ts', text, /take a Clock or Random/);
    });
  }
});
