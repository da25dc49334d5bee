import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSigningKey, toVerificationKey } from '../../src/jwt/keys/import-keys.ts';
import { TokenRefused } from '../../src/kernel/errors.ts';
import { tokenAttacks } from '../support/tokens.ts';
import { createBench, START } from './support.ts';

for (const cache of [undefined, false] as const) {
  const options = cache === false ? { cache } : {};
  const how = cache === false ? 'without a cache' : 'with a cache';

  test(`${how}: verifying a token returns its claims, as often as it comes`, () => {
    const { verifier, sign, claims } = createBench(options);
    const said = claims({ roles: ['editor'], scope: 'read', username: 'alice', plan: { tier: 2 } });
    const token = sign(said);
    assert.deepEqual(verifier.verify(token), said);
    assert.deepEqual(verifier.verify(token), said);
  });

  test(`${how}: a handler cannot change the claims at any depth`, () => {
    const { verifier, sign, claims } = createBench(options);
    const token = sign(claims({ roles: ['editor'], plan: { limits: [{ seats: 1 }] } }));
    const seen = verifier.verify(token);
    const attempts: (() => unknown)[] = [
      () => Object.assign(seen, { sub: 'root' }),
      () => Object.assign(seen, { admin: true }),
      () => Reflect.deleteProperty(seen, 'sid') || assert.fail(),
      () => (seen.roles as string[]).push('admin'),
      () => Object.assign(Object(seen['plan']), { limits: [] }),
      () => Object.assign(Object(seen['plan']).limits[0], { seats: 99 }),
    ];
    for (const attempt of attempts) assert.throws(attempt);
    assert.deepEqual(verifier.verify(token)['plan'], { limits: [{ seats: 1 }] });
  });

  test(`${how}: expiry is checked every time`, () => {
    const { verifier, sign, claims, clock } = createBench(options);
    const token = sign(claims());
    verifier.verify(token);
    clock.seconds = START + 900 + 4.9;
    verifier.verify(token);
    clock.seconds = START + 905;
    assert.throws(() => verifier.verify(token), { code: 'token_expired' });
    assert.throws(() => verifier.verify(token), { code: 'token_expired' });
    clock.seconds = Number.NaN;
    assert.throws(() => verifier.verify(token), { code: 'token_expired' });
  });

  test(`${how}: a token is refused while the clock is set back to before nbf`, () => {
    const { verifier, sign, claims, clock } = createBench(options);
    const token = sign(claims({ nbf: START }));
    verifier.verify(token);
    clock.seconds = START - 600;
    assert.throws(() => verifier.verify(token), { code: 'token_not_yet_valid' });
    clock.seconds = START;
    verifier.verify(token);
  });

  test(`${how}: a clock that is set back to before iat changes nothing`, () => {
    const { verifier, sign, claims, clock } = createBench(options);
    const token = sign(claims());
    verifier.verify(token);
    clock.seconds = START - 600;
    verifier.verify(token);
  });

  for (const [name, entry, spared] of [
    ['its session', { kind: 'session', subject: 'session' }, { sid: 'another' }],
    ['its user', { kind: 'user', subject: 'alice', version: 2 }, { sub: 'bob' }],
  ] as const) {
    test(`${how}: revoking ${name} refuses it immediately, and no other`, () => {
      const { verifier, sign, claims, revoke } = createBench(options);
      const [token, other] = [sign(claims()), sign(claims(spared))];
      const [unseen, unseenOther] = [sign(claims()), sign(claims(spared))];
      verifier.verify(token);
      verifier.verify(other);
      revoke(entry);
      for (const refused of [token, unseen, token]) {
        assert.throws(() => verifier.verify(refused), { code: 'token_revoked' });
      }
      for (const accepted of [other, unseenOther, other]) verifier.verify(accepted);
    });
  }

  test(`${how}: revoking one token by its jti spares the others of its session`, () => {
    const { verifier, sign, claims, revoke } = createBench(options);
    const one = claims();
    const [token, other] = [sign(one), sign(claims())];
    verifier.verify(token);
    verifier.verify(other);
    revoke({ kind: 'token', subject: one.jti });
    assert.throws(() => verifier.verify(token), { code: 'token_revoked' });
    verifier.verify(other);
  });

  test(`${how}: tokens of a user with a version that is still accepted stay valid`, () => {
    const { verifier, sign, claims, revoke } = createBench(options);
    const [first, second] = [sign(claims({}, 1)), sign(claims({}, 2))];
    verifier.verify(first);
    verifier.verify(second);
    revoke({ kind: 'user', subject: 'alice', version: 2 });
    assert.throws(() => verifier.verify(first), { code: 'token_revoked' });
    verifier.verify(second);
  });

  test(`${how}: tokens of a removed key are refused, whether they were verified before or not`, () => {
    const { verifier, sign, claims, key } = createBench(options);
    const next = generateSigningKey('EdDSA');
    const token = sign(claims());
    verifier.verify(token);
    verifier.setKeys([toVerificationKey(key), toVerificationKey(next)]);
    verifier.verify(token);
    verifier.verify(sign(claims(), next));
    verifier.setKeys([toVerificationKey(next)]);
    assert.throws(() => verifier.verify(token), { code: 'token_untrusted' });
    verifier.verify(sign(claims(), next));
  });

  test(`${how}: every known attack is refused, before and after the token was verified`, () => {
    const { verifier, sign, claims, key } = createBench(options);
    const token = sign(claims());
    const attacks = tokenAttacks({ token, key });
    const refuseAll = () => {
      for (const { name, token: forged, code } of attacks) {
        assert.throws(() => verifier.verify(forged), { code }, name);
      }
    };
    refuseAll();
    verifier.verify(token);
    refuseAll();
    verifier.verify(token);
  });

  for (const claim of ['client_id', 'jti', 'sid', 'auth_time']) {
    test(`${how}: a token without ${claim}, or with a wrong one, is not an access token`, () => {
      const { verifier, sign, claims } = createBench(options);
      for (const wrong of [undefined, null, '', [], {}, true, claim === 'auth_time' ? '1' : 1]) {
        const token = sign(claims({ [claim]: wrong }));
        assert.throws(() => verifier.verify(token), { code: 'token_invalid_claims' });
      }
    });
  }

  for (const [claim, wrongs] of Object.entries({
    amr: ['pwd', [1], [null], {}, null],
    roles: ['admin', [1], [null], {}, null],
    scope: [['read'], 1, null],
    username: [1, null, {}],
  })) {
    test(`${how}: ${claim} of a wrong type is refused`, () => {
      const { verifier, sign, claims } = createBench(options);
      for (const wrong of wrongs) {
        const token = sign(claims({ [claim]: wrong }));
        assert.throws(() => verifier.verify(token), { code: 'token_invalid_claims' });
      }
    });
  }
}

test('a token that was verified before needs one reading of the clock, and has the same claims object', () => {
  const { verifier, sign, claims, clock } = createBench();
  const token = sign(claims());
  const first = verifier.verify(token);
  clock.reads = 0;
  assert.equal(verifier.verify(token), first);
  assert.equal(clock.reads, 1);
});

test('the index is asked again only when it changed', () => {
  let asked = 0;
  let epoch = 0;
  const revocations = {
    get epoch() {
      return epoch;
    },
    isRevoked: () => {
      asked++;
      return false;
    },
  };
  const { verifier, sign, claims } = createBench({ revocations });
  const token = sign(claims());
  for (let time = 0; time < 5; time++) verifier.verify(token);
  assert.equal(asked, 1);
  epoch++;
  for (let time = 0; time < 5; time++) verifier.verify(token);
  assert.equal(asked, 2);
});

test('garbage neither enters the cache nor evicts a token', () => {
  const { verifier, sign, claims, key } = createBench({ cache: { maxEntries: 4 } });
  const tokens = Array.from({ length: 4 }, () => sign(claims()));
  const seen = tokens.map((token) => verifier.verify(token));
  for (const { token } of tokenAttacks({ token: sign(claims()), key })) {
    assert.throws(() => verifier.verify(token), TokenRefused);
  }
  for (const [index, token] of tokens.entries()) {
    assert.equal(verifier.verify(token), seen[index]);
  }
});

test('a revoked or expired token is removed from the cache', () => {
  const { verifier, sign, claims, revoke, clock } = createBench({ cache: { maxEntries: 3 } });
  const short = sign(claims({ exp: START + 1, sid: 'short' }));
  const revoked = sign(claims({ sid: 'revoked' }));
  const kept = sign(claims());
  const seen = verifier.verify(kept);
  verifier.verify(short);
  verifier.verify(revoked);
  clock.seconds = START + 60;
  revoke({ kind: 'session', subject: 'revoked' });
  for (const token of [short, revoked]) assert.throws(() => verifier.verify(token), TokenRefused);
  verifier.verify(sign(claims()));
  verifier.verify(sign(claims()));
  assert.equal(verifier.verify(kept), seen);
});
