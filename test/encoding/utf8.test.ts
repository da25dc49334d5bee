import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUtf8 } from '../../src/kernel/encoding/utf8.ts';

test('well-formed text is decoded', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(decodeUtf8(new TextEncoder().encode(text)), text);
    }),
  );
});

test('a byte order mark is kept', () => {
  assert.equal(decodeUtf8(Buffer.from([0xef, 0xbb, 0xbf, 0x61])), '\uFEFFa');
});

test('the replacement character is allowed', () => {
  assert.equal(decodeUtf8(Buffer.from('a\uFFFDb')), 'a\uFFFDb');
});

test('a view is decoded, not the buffer under it', () => {
  assert.equal(decodeUtf8(new Uint8Array([0xff, 0x61, 0xff]).subarray(1, 2)), 'a');
});

for (const [name, bytes] of Object.entries({
  'a lone continuation': [0x80],
  'a cut sequence': [0xe2, 0x82],
  'an overlong slash': [0xc0, 0xaf],
  'a surrogate': [0xed, 0xa0, 0x80],
  'a code point beyond the last': [0xf4, 0x90, 0x80, 0x80],
  'a byte that never occurs': [0x61, 0xff],
})) {
  test(`refuses ${name}`, () => assert.equal(decodeUtf8(Uint8Array.from(bytes)), undefined));
}
