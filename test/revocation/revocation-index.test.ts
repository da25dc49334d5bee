import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createJti, readTokenVersion } from '../../src/jwt/access-token.ts';
import type { Revocation } from '../../src/revocation/revocation.ts';
import { RevocationIndex } from '../../src/revocation/revocation-index.ts';

const jti = (serial: number, version: number) => createJti(Buffer.alloc(15, serial), version);

const entry = fc
  .record({
    seq: fc.nat(),
    kind: fc.constantFrom('session' as const, 'user' as const, 'token' as const),
    subject: fc.constantFrom('a', 'b', jti(1, 1), jti(2, 2)),
    version: fc.nat({ max: 4 }),
    expiresAt: fc.integer({ min: 1, max: 100 }),
  })
  .map((made): Revocation => made);

const everyToken = ['a', 'b'].flatMap((sub) =>
  ['a', 'b', 'c'].flatMap((sid) =>
    [jti(1, 1), jti(2, 2), jti(3, 0), jti(4, 4), 'foreign'].map((id) => ({ sub, sid, jti: id })),
  ),
);

test('the order of entries does not matter, nor that they come twice', () => {
  fc.assert(
    fc.property(
      fc
        .array(entry, { maxLength: 12 })
        .chain((entries) =>
          fc.tuple(
            fc.constant(entries),
            fc.shuffledSubarray([...entries, ...entries], { minLength: entries.length * 2 }),
          ),
        ),
      fc.nat({ max: 100 }),
      ([entries, shuffled], now) => {
        const [one, other] = [new RevocationIndex(), new RevocationIndex()];
        for (const each of entries) one.apply(each);
        for (const each of shuffled) other.apply(each);
        for (const time of [0, now]) {
          one.prune(time);
          other.prune(time);
          assert.equal(one.size, other.size);
          for (const token of everyToken)
            assert.equal(one.isRevoked(token), other.isRevoked(token));
        }
        assert.equal(one.lastSeq, other.lastSeq);
        assert.equal(one.lastSeq, Math.max(0, ...entries.map(({ seq }) => seq)));
      },
    ),
  );
});

test('each kind revokes what it names and nothing else', () => {
  const token = { sub: 'alice', sid: 'session', jti: jti(1, 3) };
  const revoked = (kind: Revocation['kind'], subject: string, version = 0) => {
    const index = new RevocationIndex();
    index.apply({ seq: 1, kind, subject, version, expiresAt: 1 });
    return index.isRevoked(token);
  };
  assert.ok(revoked('session', 'session'));
  assert.ok(!revoked('session', 'alice') && !revoked('session', token.jti));
  assert.ok(revoked('token', token.jti));
  assert.ok(!revoked('token', 'session') && !revoked('token', jti(1, 4)));
  assert.ok(revoked('user', 'alice', 4));
  assert.ok(!revoked('user', 'alice', 3) && !revoked('user', 'session', 4));
});

test('of several versions the highest holds, whichever comes last', () => {
  const index = new RevocationIndex();
  for (const version of [2, 5, 3]) {
    index.apply({ seq: version, kind: 'user', subject: 'alice', version, expiresAt: version });
  }
  const token = (version: number) => ({ sub: 'alice', sid: 's', jti: jti(1, version) });
  assert.ok(index.isRevoked(token(4)));
  assert.ok(!index.isRevoked(token(5)));
  index.prune(4);
  assert.ok(index.isRevoked(token(4)), 'it lives as long as the longest of them');
});

test('a jti that carries no version is revoked with its user', () => {
  const index = new RevocationIndex();
  index.apply({ seq: 1, kind: 'user', subject: 'alice', version: 0, expiresAt: 1 });
  assert.ok(index.isRevoked({ sub: 'alice', sid: 's', jti: 'made-elsewhere' }));
  assert.ok(!index.isRevoked({ sub: 'alice', sid: 's', jti: jti(1, 0) }));
});

test('an epoch is left with every entry', () => {
  const index = new RevocationIndex();
  const epochs = new Set([index.epoch]);
  for (let seq = 1; seq <= 10; seq++) {
    index.apply({ seq, kind: 'session', subject: `s${seq}`, version: 0, expiresAt: 1 });
    epochs.add(index.epoch);
  }
  assert.equal(epochs.size, 11);
});

test('pruning forgets what has expired and tells how much', () => {
  const index = new RevocationIndex();
  for (const [seq, kind] of (['session', 'user', 'token'] as const).entries()) {
    index.apply({ seq, kind, subject: 'early', version: 1, expiresAt: 10 });
    index.apply({ seq, kind, subject: 'late', version: 1, expiresAt: 20 });
  }
  assert.equal(index.prune(9), 0);
  assert.equal(index.prune(10), 3);
  assert.equal(index.size, 3);
  assert.ok(!index.isRevoked({ sub: 'early', sid: 'early', jti: 'early' }));
  assert.ok(index.isRevoked({ sub: 'x', sid: 'late', jti: 'x' }));
});

test('a jti gives back the version it was made with', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 15, maxLength: 15 }),
      fc.maxSafeNat(),
      (bytes, version) => {
        assert.equal(readTokenVersion(createJti(bytes, version)), version);
      },
    ),
  );
  for (const foreign of [
    '',
    'x',
    'a'.repeat(20),
    `${'a'.repeat(20)}.`,
    `${'a'.repeat(20)}.01`,
    `${'a'.repeat(20)}.-1`,
    `${'a'.repeat(20)}.A`,
    `${'a'.repeat(20)}.zzzzzzzzzzz`,
    `${'a'.repeat(20)}.1\n`,
  ]) {
    assert.equal(readTokenVersion(foreign), undefined, foreign);
  }
  assert.throws(() => createJti(new Uint8Array(14), 1), RangeError);
  for (const version of [-1, 1.5, Number.NaN, 2 ** 53]) {
    assert.throws(() => createJti(new Uint8Array(15), version), RangeError);
  }
});
