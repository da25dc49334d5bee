import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createJti, readTokenVersion } from '../../src/jwt/access-token.ts';
import type { Revocation } from '../../src/revocation/revocation.ts';
import { RevocationIndex } from '../../src/revocation/revocation-index.ts';
import { encodeRevocations, parseRevocations } from '../../src/revocation/revocation-wire.ts';
import { createTestRandom } from '../support/auth.ts';

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

test('entries may come in any order, and twice', () => {
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

test('the highest of several versions counts, whichever comes last', () => {
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

test('a jti without a version is revoked with its user', () => {
  const index = new RevocationIndex();
  index.apply({ seq: 1, kind: 'user', subject: 'alice', version: 0, expiresAt: 1 });
  assert.ok(index.isRevoked({ sub: 'alice', sid: 's', jti: 'made-elsewhere' }));
  assert.ok(!index.isRevoked({ sub: 'alice', sid: 's', jti: jti(1, 0) }));
});

test('every entry changes the epoch', () => {
  const index = new RevocationIndex();
  const epochs = new Set([index.epoch]);
  for (let seq = 1; seq <= 10; seq++) {
    index.apply({ seq, kind: 'session', subject: `s${seq}`, version: 0, expiresAt: 1 });
    epochs.add(index.epoch);
  }
  assert.equal(epochs.size, 11);
});

test('pruning removes expired entries and returns their number', () => {
  const index = new RevocationIndex();
  for (const [seq, kind] of (['session', 'user', 'token', 'key'] as const).entries()) {
    index.apply({ seq, kind, subject: 'early', version: 1, expiresAt: 10 });
    index.apply({ seq, kind, subject: 'late', version: 1, expiresAt: 20 });
  }
  assert.equal(index.prune(9), 0);
  assert.equal(index.prune(10), 4);
  assert.equal(index.size, 4);
  assert.ok(!index.isKeyRevoked('early'));
  assert.ok(index.isKeyRevoked('late'));
  assert.ok(!index.isRevoked({ sub: 'early', sid: 'early', jti: 'early' }));
  assert.ok(index.isRevoked({ sub: 'x', sid: 'late', jti: 'x' }));
});

test('an entry of the feed has a subject of 256 characters at most', () => {
  const write = (length: number) =>
    encodeRevocations([
      { seq: 1, kind: 'keys', subject: 'k'.repeat(length), version: 0, expiresAt: 10 },
    ]);
  assert.equal(parseRevocations(write(256))[0]?.subject.length, 256);
  assert.throws(() => parseRevocations(write(257)), SyntaxError);
});

test('a jti contains the version that it was created with', () => {
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

/** The same, written as plainly as it can be. */
class NaiveIndex {
  readonly entries = new Map<string, Revocation>();

  apply(entry: Revocation): void {
    const name = `${entry.kind} ${entry.subject}`;
    const known = this.entries.get(name);
    const version = Math.max(known?.version ?? 0, entry.version);
    const expiresAt = Math.max(known?.expiresAt ?? 0, entry.expiresAt);
    this.entries.set(name, { ...entry, version, expiresAt });
  }

  isRevoked(claims: { sub: string; sid: string; jti: string }): boolean {
    const version = this.entries.get(`user ${claims.sub}`)?.version;
    return (
      this.entries.has(`session ${claims.sid}`) ||
      this.entries.has(`token ${claims.jti}`) ||
      (version !== undefined && (readTokenVersion(claims.jti) ?? -1) < version)
    );
  }

  prune(now: number): void {
    for (const [name, { expiresAt }] of this.entries) {
      if (expiresAt <= now) this.entries.delete(name);
    }
  }
}

const uuid = (n: number) => `0199c0de-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

/** Ids of our forms, of forms that are nearly ours, and of none; all alike in parts. */
const oddId = fc.constantFrom(
  '',
  'alice',
  uuid(1).toUpperCase(),
  `${uuid(1)}0`,
  uuid(1).replace('-', '0'),
  'f'.repeat(36),
  `${uuid(1).slice(0, -1)}é`,
  `${'A'.repeat(20)}.01`,
  `${'A'.repeat(20)}.zzzzzzzzzzz`,
  `${'A'.repeat(19)}é.1`,
  'A'.repeat(20),
);
const anyUuid = fc.oneof(
  fc.nat({ max: 40 }).map(uuid),
  // All but one digit alike, so that every part of an id must be compared.
  fc.constantFrom(0, 7, 9, 12, 14, 17, 19, 22, 24, 27, 28).map((at) => {
    const id = uuid(1);
    return `${id.slice(0, at)}${id[at] === 'a' ? 'b' : 'a'}${id.slice(at + 1)}`;
  }),
  fc.constantFrom(uuid(0xffffffff), uuid(2 ** 32), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
);
const nearJti = fc.constantFrom(0, 4, 5, 9, 10, 14, 15, 19).map((at) => {
  const id = jti(1, 1);
  return `${id.slice(0, at)}${id[at] === 'a' ? 'b' : 'a'}${id.slice(at + 1)}`;
});
const anyJti = fc
  .tuple(fc.nat({ max: 20 }), fc.nat({ max: 3 }))
  .map(([serial, version]) => jti(serial, version));
const anyId = fc.oneof(
  { weight: 4, arbitrary: anyUuid },
  { weight: 4, arbitrary: anyJti },
  { weight: 2, arbitrary: nearJti },
  { weight: 1, arbitrary: oddId },
);

test('the index agrees with a plain model over random lives', () => {
  const apply = fc.record({
    kind: fc.constantFrom('session' as const, 'user' as const, 'token' as const),
    subject: anyId,
    version: fc.nat({ max: 4 }),
    expiresAt: fc.integer({ min: 1, max: 100 }),
  });
  const steps = fc.array(fc.oneof({ weight: 20, arbitrary: apply }, fc.nat({ max: 100 })), {
    maxLength: 200,
  });
  const claims = fc.array(
    fc.record({ sub: anyId, sid: anyId, jti: fc.oneof(anyJti, nearJti, oddId) }),
    {
      minLength: 20,
      maxLength: 40,
    },
  );
  fc.assert(
    fc.property(steps, claims, (all, tokens) => {
      const [index, model] = [new RevocationIndex(), new NaiveIndex()];
      for (const [at, step] of all.entries()) {
        if (typeof step === 'number') {
          index.prune(step);
          model.prune(step);
        } else {
          index.apply({ seq: at + 1, ...step });
          model.apply({ seq: at + 1, ...step });
        }
        assert.equal(index.size, model.entries.size);
      }
      for (const token of tokens) assert.equal(index.isRevoked(token), model.isRevoked(token));
      for (const { kind, subject } of model.entries.values()) {
        if (kind === 'key' || kind === 'keys') continue;
        const token = { sub: 'x', sid: 'x', jti: 'x', [ID_CLAIM[kind]]: subject };
        assert.equal(index.isRevoked(token), model.isRevoked(token), `${kind} ${subject}`);
      }
    }),
    { numRuns: 300 },
  );
});

const ID_CLAIM = { session: 'sid', user: 'sub', token: 'jti' } as const;

test('an entry takes at most 100 bytes, no matter how many there are', () => {
  const index = new RevocationIndex();
  const random = createTestRandom();
  for (let seq = 1; seq <= 60_000; seq++) {
    const bytes = Buffer.from(random.bytes(15));
    const kind = (['session', 'user', 'token'] as const)[seq % 3] ?? 'session';
    const hex = bytes.toString('hex');
    const id = `0199c0de-${hex.slice(0, 4)}-7${hex.slice(4, 7)}-8${hex.slice(7, 10)}-${hex.slice(10, 22)}`;
    const subject = kind === 'token' ? createJti(bytes, 1) : id;
    index.apply({ seq, kind, subject, version: 1, expiresAt: seq });
    if (seq >= 10_000 && seq % 500 === 0) {
      assert.ok(index.bytes / index.size <= 100, `${seq}: ${index.bytes / index.size}`);
    }
  }
  assert.equal(index.size, 60_000);
  assert.equal(index.prune(59_000), 59_000);
  assert.ok(index.bytes < 300_000, 'what is forgotten gives its memory back');
  assert.ok(!index.isRevoked({ sub: 'x', sid: 'x', jti: 'x' }));
});

test('the index can be used between the steps of pruning', () => {
  const index = new RevocationIndex();
  for (let n = 1; n <= 1000; n++) {
    index.apply({ seq: n, kind: 'session', subject: uuid(n), version: 0, expiresAt: n });
  }
  let seq = 1000;
  for (const _ of index.pruneInSteps(500)) {
    seq++;
    index.apply({ seq, kind: 'session', subject: uuid(seq), version: 0, expiresAt: seq });
  }
  assert.equal(index.size, seq - 500);
  for (let n = 1; n <= seq; n++) {
    assert.equal(index.isRevoked({ sub: 'x', sid: uuid(n), jti: 'x' }), n > 500);
  }
});

test('no entry is missing while the index grows or shrinks', () => {
  const index = new RevocationIndex();
  const isRevoked = (n: number) => index.isRevoked({ sub: 'x', sid: uuid(n), jti: 'x' });
  for (let n = 1; n <= 20_000; n++) {
    index.apply({ seq: n, kind: 'session', subject: uuid(n), version: 0, expiresAt: n });
    // Sizes double behind powers of two.
    if ([1, 2, 100].includes(n - 2 ** Math.floor(Math.log2(n)))) {
      for (let held = 1; held <= n; held++) assert.ok(isRevoked(held), `${held} of ${n}`);
    }
  }
  for (let least = 2000; least <= 20_000; least += 2000) {
    assert.equal(index.prune(least - 1), least === 2000 ? 1999 : 2000);
    for (let n = 1; n <= 20_000; n++) assert.equal(isRevoked(n), n >= least, `${n} of ${least}`);
  }
});
