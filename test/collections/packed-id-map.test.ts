import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { BloomFilter } from '../../src/collections/bloom-filter.ts';
import { base64urlFormat, type IdFormat, uuidFormat } from '../../src/collections/id-formats.ts';
import { hashOf, NOT_FOUND, partOf } from '../../src/collections/id-hash.ts';
import { PackedIdMap } from '../../src/collections/packed-id-map.ts';

/** The plain twin. */
class PlainIdMap {
  readonly entries = new Map<string, { value: number; expiresAt: number }>();

  find(id: string): number {
    return this.entries.get(id)?.value ?? NOT_FOUND;
  }

  setMax(id: string, value: number, expiresAt: number): void {
    const known = this.entries.get(id) ?? { value, expiresAt };
    this.entries.set(id, {
      value: Math.max(known.value, value),
      expiresAt: Math.max(known.expiresAt, expiresAt),
    });
  }

  purge(now: number): void {
    for (const [id, { expiresAt }] of this.entries) if (expiresAt <= now) this.entries.delete(id);
  }
}

const hexOf = (n: number) => hash('md5', `${n}`);
const uuidOf = (n: number) => hexOf(n).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
const formats: Record<string, { format: IdFormat; idOf: (n: number) => string }> = {
  UUIDs: { format: uuidFormat, idOf: uuidOf },
  base64url: {
    format: base64urlFormat,
    idOf: (n) => Buffer.from(hexOf(n), 'hex').toString('base64url').slice(0, 20),
  },
};

for (const [name, { format, idOf }] of Object.entries(formats)) {
  test(`a packed map of ${name} is a plain map, over random lives`, () => {
    const few = fc.nat({ max: 60 });
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ add: few, value: few, expiresAt: few }) },
      // Many at a time make its filter and its segments grow.
      { weight: 1, arbitrary: fc.record({ addMany: fc.nat({ max: 3000 }), expiresAt: few }) },
      { weight: 2, arbitrary: fc.record({ purge: few }) },
      { weight: 4, arbitrary: fc.record({ parts: fc.nat({ max: 300 }), at: few }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, withValues) => {
        const [packed, plain] = [new PackedIdMap(format, { withValues }), new PlainIdMap()];
        const add = (n: number, value: number, expiresAt: number) => {
          packed.setMax(idOf(n), value, expiresAt);
          plain.setMax(idOf(n), withValues ? value : 0, expiresAt);
        };
        const purge = (parts: number, at: number) => {
          for (let part = 0; part < parts; part++) packed.purgeNextPart(at);
        };
        for (const it of steps) {
          if ('add' in it) add(it.add, it.value, it.expiresAt);
          else if ('addMany' in it) {
            for (let n = 0; n < it.addMany; n++) add(100 + n, n, it.expiresAt);
          } else if ('purge' in it) {
            purge(PackedIdMap.parts, it.purge);
            plain.purge(it.purge);
          } else {
            // Stopped halfway, a purge has removed a part. A whole round from there removes the rest.
            purge(it.parts, it.at);
            purge(PackedIdMap.parts, it.at);
            plain.purge(it.at);
          }
          assert.equal(packed.size, plain.entries.size);
          for (let n = 0; n < 160; n++) assert.equal(packed.find(idOf(n)), plain.find(idOf(n)));
        }
        for (const id of plain.entries.keys()) assert.equal(packed.find(id), plain.find(id));
      }),
      { numRuns: 60 },
    );
  });
}

test('a text that is not an id is refused, and never found', () => {
  const map = new PackedIdMap(uuidFormat, { withValues: true });
  map.setMax(uuidOf(1), 7, 1);
  for (const wrong of ['', 'x', uuidOf(1).toUpperCase(), `${uuidOf(1)}0`, uuidOf(1).slice(1)]) {
    assert.equal(map.setMax(wrong, 1, 1), false);
    assert.equal(map.find(wrong), NOT_FOUND);
  }
  assert.equal(map.size, 1);
});

test('a filter rules out no hash that was added while it grows and shrinks, and rules out most others', () => {
  const filter = new BloomFilter();
  const hashes = Array.from({ length: 20_000 }, (_, n) => hashOf(n));
  const assertAll = () => {
    for (const each of hashes) assert.ok(filter.has(each));
  };
  const share = () => {
    let passed = 0;
    for (let n = 1; n <= 20_000; n++) if (filter.has(hashOf(1_000_000 + n))) passed++;
    return passed / 20_000;
  };
  const refill = () => {
    for (let part = 0; part < 256; part++) filter.clear(part);
    for (const each of hashes) filter.add(each);
  };
  for (const each of hashes) filter.add(each);
  while (filter.size < hashes.length * 16) {
    filter.double();
    assertAll();
  }
  refill();
  assertAll();
  assert.ok(share() < 0.08, `${share()} of absent hashes pass`);
  const [first = 0] = hashes;
  filter.clear(partOf(first));
  assert.ok(!filter.has(first));
  refill();
  while (filter.halve()) assertAll();
  assert.equal(filter.size, 256 * 32);
});
