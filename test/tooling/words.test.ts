import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { createChecks } from '../../scripts/steps.ts';
import { checkWords, findStumbles } from '../../scripts/words.ts';

const wordsIn = (text: string) => findStumbles(text).map(({ word }) => word);

/** Checks a tree that contains these files and nothing else. @returns the paths with lines of what was found */
function check(
  files: Readonly<Record<string, string>>,
  within: readonly string[] = [],
): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'latchkey-words-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkWords(root, within).problems.map((problem) => problem.split(': ', 1)[0] ?? '');
  } finally {
    rmSync(root, { recursive: true });
  }
}

suite('a word that the project has given up', () => {
  test('is found with its line, and with what to write instead', () => {
    assert.deepEqual(findStumbles('one\n// Revoked at once.\n'), [
      { line: 2, word: 'at once', instead: '"immediately", or "at the same time"' },
    ]);
    for (const [text, ...words] of [
      ['It hangs on the clock, and is due.', 'hangs on', 'is due'],
      ['Made anew, and kept for ever.', 'anew', 'for ever'],
      ['Whoever asks gets it.', 'Whoever'],
      ['Nobody asks somebody.', 'Nobody'],
      ['It is no more.', 'no more'],
      ['This is no id of ours.', 'is no id of'],
      [' * Of a worker it says nothing.', 'Of a'],
      ['It ends. Those that wait are lost.', 'Those that'],
      ['The log tells of it.', 'tells of'],
    ] as const) {
      const found = wordsIn(text).join(' | ');
      for (const word of words) assert.ok(found.includes(word), `${text}: ${found}`);
    }
  });

  test('is not seen in texts that only look like it', () => {
    for (const text of [
      'It is no longer valid.',
      'There are no more than ten.',
      'An amendment recommends it.',
      'It takes no more than a second.',
      "A user named 'nobody' signs in.",
      'The kind of those that wait.',
      'A key that is older is no earlier than that.',
    ]) {
      assert.deepEqual(wordsIn(text), [], text);
    }
  });

  const text = '// Revoked at once.';

  test('is found in sources, docs and settings, with the file and the line', () => {
    const files = { 'src/a.ts': `\n${text}`, 'docs/b.md': text, 'package.json': text };
    assert.deepEqual(check(files), ['docs/b.md:1', 'package.json:1', 'src/a.ts:2']);
  });

  test('is not looked for in what others wrote or programs made', () => {
    const paths = [
      'node_modules/a/index.d.ts',
      'bench/node_modules/a.md',
      'dist/a.d.ts',
      'packages/guard/dist/a.d.ts',
      'data/a.json',
      'bench/results/latest.md',
      'package-lock.json',
      'picture.png',
    ];
    assert.deepEqual(check(Object.fromEntries(paths.map((path) => [path, text]))), []);
    assert.deepEqual(check({ 'bench/lib/data/a.ts': text }), ['bench/lib/data/a.ts:1']);
  });

  test('is found in the given folders alone', () => {
    const files = { 'src/a.ts': text, 'src/b.ts': text, 'docs/a.md': text };
    assert.deepEqual(check(files, ['./src/']), ['src/a.ts:1', 'src/b.ts:1']);
    assert.deepEqual(check(files, ['src/b.ts']), ['src/b.ts:1']);
  });

  test('fails npm run check', () => {
    const commands = createChecks().map(({ command }) => command.join(' '));
    assert.ok(commands.includes('node scripts/check-words.ts'), commands.join('\n'));
  });
});
