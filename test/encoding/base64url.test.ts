import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64url, encodeBase64url } from '../../src/kernel/encoding/base64url.ts';

test('encoded bytes decode to the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase64url(bytes);
      assert.match(text, /^[\w-]*$/);
      assert.deepEqual(decodeBase64url(text), Buffer.from(bytes));
    }),
  );
});

test('a view into a larger buffer is encoded, not the buffer', () => {
  const bytes = new Uint8Array([1, 2, 3, 4, 5, 6]);
  assert.equal(encodeBase64url(bytes.subarray(2, 5)), 'AwQF');
});

test('a string is encoded as UTF-8', () => {
  assert.equal(encodeBase64url('é'), 'w6k');
});

for (const [name, text] of Object.entries({
  'one pad': 'AAE=',
  'two pads': 'AA==',
  plus: 'AA+A',
  slash: 'AA/A',
  'a space': 'AA AA',
  'a line end': 'AAAA\n',
  'a lone character': 'A',
  'an impossible length': 'AAAAA',
  'trailing bits of two characters': 'AB',
  'trailing bits of three characters': 'AAB',
  'a foreign character': 'AA.A',
  NUL: 'AA\0A',
  'a character whose low byte is a letter': 'AAA\u0141',
  'a full-width letter': 'AAA\uff21',
})) {
  test(`refuses ${name}`, () => assert.equal(decodeBase64url(text), undefined));
}

test('every text that decodes has no other spelling', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const bytes = decodeBase64url(text);
      if (bytes !== undefined) assert.equal(encodeBase64url(bytes), text);
    }),
  );
});
