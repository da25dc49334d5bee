import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from '../../src/kernel/encoding/json.ts';
import type { JsonRefused } from '../../src/kernel/encoding/json-refused.ts';
import { assertStrictMembers } from '../../src/kernel/encoding/json-scan.ts';

const wellFormed = fc
  .jsonValue({ maxDepth: 5, noUnicodeString: false })
  .filter((value) => !/__proto__|constructor/.test(JSON.stringify(value)))
  .filter((value) => !/\\ud[89a-f]/.test(JSON.stringify(value)));

test('the output of JSON.stringify is parsed to the same value, indented or not', () => {
  fc.assert(
    fc.property(wellFormed, fc.constantFrom(undefined, 1, '\t', '\r\n'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      assert.deepEqual(parseJson(text), JSON.parse(text));
    }),
  );
});

test('a duplicate is found at each place', () => {
  const name = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(name, wellFormed, wellFormed, fc.nat({ max: 5 }), (member, a, b, depth) => {
      fc.pre(!/__proto__|constructor/.test(member));
      const quoted = JSON.stringify(member);
      const text = `{${quoted}:${JSON.stringify(a)},${quoted} :${JSON.stringify(b)}}`;
      const nested = '[{"n":'.repeat(depth) + text + '}]'.repeat(depth);
      assert.throws(() => parseJson(nested), { reason: 'duplicate_member', member });
    }),
  );
});

for (const [name, text, reason] of [
  ['a member twice', '{"a":1,"a":1}', 'duplicate_member'],
  ['a member twice, once escaped', '{"a":1,"\\u0061":1}', 'duplicate_member'],
  ['a member twice in an array', '[1,{"a":{},"b":[],"a":2}]', 'duplicate_member'],
  ['the empty name twice', '{"":1,"":2}', 'duplicate_member'],
  ['a duplicate balanced by an escape', '{"a":1,"a":"\\u003a"}', 'duplicate_member'],
  ['__proto__', '{"__proto__":{"admin":true}}', 'forbidden_member'],
  ['__proto__ in escapes', '{"\\u005f_proto__":1}', 'forbidden_member'],
  ['__proto__ deep within', '{"a":[{"__proto__":1}]}', 'forbidden_member'],
  ['constructor', '{"constructor":{"prototype":{"admin":true}}}', 'forbidden_member'],
  ['a number too large', '{"a":1e400}', 'number_too_large'],
  ['a negative number too large', '[-1e400]', 'number_too_large'],
  ['half of a surrogate pair', '{"a":"\\ud800"}', 'unpaired_surrogate'],
  ['the other half', '"\\uDC00"', 'unpaired_surrogate'],
  ['half of a surrogate pair in a name', '{"\\ud800":1}', 'unpaired_surrogate'],
  ['an unescaped half', '"\ud800"', 'unpaired_surrogate'],
  ['nothing', '', 'syntax'],
  ['a word', 'yes', 'syntax'],
  ['NaN', '{"a":NaN}', 'syntax'],
  ['a comma at the end', '{"a":1,}', 'syntax'],
  ['a comment', '{/**/}', 'syntax'],
  ['single quotes', "{'a':1}", 'syntax'],
  ['something after the end', '{} {}', 'syntax'],
  ['a byte order mark', '\uFEFF{}', 'syntax'],
  ['a NUL', '{"a":"\0"}', 'syntax'],
  ['an unclosed string', '"abc', 'syntax'],
  ['33 levels', `${'['.repeat(33)}${']'.repeat(33)}`, 'too_deep'],
  ['10,000 levels', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'too_deep'],
  ['10,000 levels of objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'too_deep'],
  ['10,000 levels, never closed', '[{"a":'.repeat(5_000), 'too_deep'],
] as const) {
  test(`refuses ${name}`, () => assert.throws(() => parseJson(text), { reason }));
}

test('brackets side by side or in strings do not count as depth', () => {
  const wide = `[${'[],{},'.repeat(100)}"[[[[\\"{{{{"]`.replace('"[', `"${'['.repeat(100)}`);
  assert.deepEqual(parseJson(wide), JSON.parse(wide));
});

test('an escaped quote does not end a string', () => {
  const text = '{ "a": "\\",\\"a\\":1", "b": "\\\\" }';
  assert.deepEqual(parseJson(text), { a: '","a":1', b: '\\' });
});

test('the depth can be set', () => {
  assert.deepEqual(parseJson('{"a":[]}', { maxDepth: 2 }), { a: [] });
  assert.throws(() => parseJson('{"a":[]}', { maxDepth: 1 }), { reason: 'too_deep' });
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  assert.ok(Array.isArray(parseJson(deep, { maxDepth: 10_000 })));
});

test('forbidden names are allowed as values', () => {
  assert.deepEqual(parseJson('{"a":"__proto__","b":["constructor"]}'), {
    a: '__proto__',
    b: ['constructor'],
  });
});

test('the same name in different objects is not a duplicate', () => {
  assert.deepEqual(parseJson('{"a":{"a":1},"b":[{"a":2},{"a":3}] }'), {
    a: { a: 1 },
    b: [{ a: 2 }, { a: 3 }],
  });
});

test('a refusal names the member, shortened', () => {
  const long = 'x'.repeat(1000);
  assert.throws(
    () => parseJson(`{"${long}":1,"${long}":1}`),
    /^JsonRefused: The member "x{40}…" appears twice\.$/,
  );
});

test('a text that is accepted without a scan would pass the scan too', () => {
  // Members and values that make what JSON.stringify writes look like the text, or nearly.
  const word = fc.constantFrom(
    'a',
    'b',
    '1',
    '__proto__',
    'constructor',
    '\\ud800',
    '\\u0061',
    'é',
    '\\n',
  );
  const scalar = fc.oneof(
    word.map((text) => `"${text}"`),
    fc.constantFrom('1', '1.0', '1e999', '-0', '1e5', '100000', 'null', 'true'),
  );
  const { text } = fc.letrec<{ text: string }>((tie) => ({
    text: fc.oneof(
      { maxDepth: 4 },
      scalar,
      fc.array(tie('text'), { maxLength: 3 }).map((all) => `[${all.join(',')}]`),
      fc
        .array(fc.tuple(word, tie('text')), { maxLength: 3 })
        .map((all) => `{${all.map(([name, value]) => `"${name}":${value}`).join(',')}}`),
    ),
  }));
  fc.assert(
    fc.property(text, (given) => {
      const outcome = (judge: () => unknown) => {
        try {
          judge();
          return 'accepted';
        } catch (error) {
          return (error as JsonRefused).reason;
        }
      };
      assert.equal(
        outcome(() => parseJson(given)),
        outcome(() => assertStrictMembers(given)),
      );
    }),
    { numRuns: 2000 },
  );
});
