import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite, test } from 'node:test';
import { runExample } from '../support/example.ts';

const folder = join(import.meta.dirname, '../../examples');
const names = globSync('*.ts', { cwd: folder }).map((file) => basename(file, '.ts'));

/** The lines that are neither blank, nor imports, nor the comment that opens the file. */
function findOwnLines(text: string): readonly string[] {
  const body = text.replace(/^(?:\/\/.*\n)+/, '').replaceAll(/^import [^;]+;\n/gm, '');
  return body.split('\n').filter((line) => line.trim() !== '');
}

suite('each example', () => {
  test('is there', () => {
    for (const name of [
      'cookies-rs256-postgres',
      'login-protected-refresh',
      'roles-verify-dashboard',
      'signup-token-me',
      'token-protected',
    ]) {
      assert.ok(names.includes(name), name);
    }
  });

  for (const name of names) {
    const text = readFileSync(join(folder, `${name}.ts`), 'utf8');

    test(`${name} has at most 40 lines of its own`, () => {
      const { length } = findOwnLines(text);
      assert.ok(length >= 5 && length <= 40, `${length} lines`);
    });

    test(`${name} imports packages by their names`, () => {
      const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, module]) => module);
      assert.ok(imported.length > 0);
      for (const module of imported)
        assert.match(
          String(module),
          /^(node:|(fastify|hono|express|jose|@hono\/node-server)$|latchkey\/)/,
        );
    });

    test(`${name} says in its first sentence what it shows`, () => {
      assert.match(text, /^\/\/ [A-Z].*[^.]\.(\s|$)/);
    });
  }

  test('is listed with that sentence where none is named', async () => {
    const { process } = runExample('nothing-of-the-kind');
    assert.deepEqual(await process.ended, { code: 1, signal: null });
    for (const name of names) {
      assert.match(process.output(), new RegExp(`^  ${name} +[A-Z].*\\.$`, 'm'));
    }
  });
});
