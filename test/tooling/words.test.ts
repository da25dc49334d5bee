import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findStumbles } from '../../scripts/words.ts';

const wordsIn = (text: string) => findStumbles(text).map(({ word }) => word);

test('words to give up are found with their line, and with what to write instead', () => {
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

test('what only looks like them is left alone', () => {
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
