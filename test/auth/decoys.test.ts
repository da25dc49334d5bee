import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DecoyHashes, type DecoyParts } from '../../src/auth/credentials/passwords/decoy-hashes.ts';
import { createRootKey } from '../../src/auth/keys/root-keys.ts';
import { CredentialsRefused } from '../../src/kernel/errors.ts';
import { createTestRandom, openTestAuth } from '../support/auth.ts';
import { JANE, storeHash } from './support.ts';

const random = createTestRandom('decoys');
const root = createRootKey(0, random);
const NAMES = Array.from({ length: 2_000 }, (_, at) => `user${at}`);

/** Decoys for a table with the given number of hashes of each kind. */
function createDecoys(stored: Record<string, number>, parts: Partial<DecoyParts> = {}) {
  let samples = 0;
  const expected: (readonly string[])[] = [];
  const decoys = new DecoyHashes({
    store: {
      async samplePasswordHashes() {
        samples += 1;
        return Object.entries(stored).flatMap(([hash, count]) => Array<string>(count).fill(hash));
      },
    },
    hasher: {
      createDecoy: (hash) => (hash === 'broken' ? undefined : `like ${hash}`),
      expectDecoys: (list) => void expected.push(list),
    },
    random,
    dataRoots: () => [root],
    ...parts,
  });
  const findAll = () => Promise.all(NAMES.map((name) => decoys.find(name)));
  return { decoys, findAll, stored, expected, samples: () => samples };
}

function shareOf(found: readonly (string | undefined)[], decoy: string): number {
  return found.filter((it) => it === decoy).length / found.length;
}

suite('decoys', () => {
  test('are chosen in the proportion of what is stored', async () => {
    const { findAll, expected, samples } = createDecoys({ a: 20, b: 50, c: 30, broken: 900 });
    const found = await findAll();
    for (const [decoy, share] of [
      ['like a', 0.2],
      ['like b', 0.5],
      ['like c', 0.3],
    ] as const) {
      assert.ok(Math.abs(shareOf(found, decoy) - share) < 0.04, decoy);
    }
    assert.equal(samples(), 1);
    assert.deepEqual(expected, [['like a', 'like b', 'like c']]);
  });

  test('are the same for a name on every node, and differ with another key', async () => {
    const stored = { a: 1, b: 1 };
    const found = await createDecoys(stored).findAll();
    assert.deepEqual(await createDecoys(stored).findAll(), found);
    const other = createRootKey(0, random);
    const elsewhere = await createDecoys(stored, { dataRoots: () => [other] }).findAll();
    const same = elsewhere.filter((decoy, at) => decoy === found[at]).length / found.length;
    assert.ok(Math.abs(same - 0.5) < 0.05);
  });

  test('are those of new hashes if nothing is stored', async () => {
    assert.equal(await createDecoys({}).decoys.find('jane'), undefined);
    assert.equal(await createDecoys({ broken: 3 }).decoys.find('jane'), undefined);
  });

  test('follow what is stored, and not what chance put into a sample', async () => {
    const { decoys, findAll, stored, samples } = createDecoys({ a: 50, b: 50 });
    const found = await findAll();
    Object.assign(stored, { a: 53, b: 47 });
    await decoys.refresh();
    assert.equal(samples(), 2);
    assert.deepEqual(await findAll(), found);
    Object.assign(stored, { a: 80, b: 20 });
    await decoys.refresh();
    assert.ok(Math.abs(shareOf(await findAll(), 'like a') - 0.8) < 0.04);
    Object.assign(stored, { c: 1 });
    await decoys.refresh();
    assert.ok(shareOf(await findAll(), 'like c') > 0);
  });

  test('are not sampled again while there are no sign-ins', async () => {
    const { decoys, samples } = createDecoys({ a: 1 });
    await decoys.refresh();
    assert.equal(samples(), 0);
    await decoys.find('jane');
    await decoys.refresh();
    await decoys.refresh();
    assert.equal(samples(), 2);
  });

  test('are sampled again after a failure', async () => {
    let fails = true;
    const { decoys } = createDecoys(
      {},
      {
        store: {
          samplePasswordHashes: async () => {
            if (fails) throw new Error('away');
            return ['a'];
          },
        },
      },
    );
    await assert.rejects(decoys.find('jane'), /away/);
    fails = false;
    assert.equal(await decoys.find('jane'), 'like a');
  });
});

suite('a sign-in', () => {
  /** Half of the accounts have an argon2id hash, and half a bcrypt hash. */
  async function openMixed() {
    const real = await openTestAuth();
    for (let at = 0; at < 40; at++) {
      const { id } = await real.auth.users.create({ ...JANE, username: `real${at}` });
      if (at % 2 === 0) await storeHash(real, id, `$2b$${JANE.password}`);
    }
    const decoyOf = async (input: { username: string } | { email: string }) => {
      const { verified } = real.hasher;
      const attempt = real.auth.login({ ...input, password: 'wrong password' });
      await assert.rejects(attempt, CredentialsRefused);
      assert.equal(real.hasher.verified, verified + 1);
      return real.hasher.decoys.at(-1);
    };
    return { real, decoyOf };
  }

  test('of an unknown user verifies either kind of decoy, and always the same', async () => {
    const { real, decoyOf } = await openMixed();
    await using _ = real;
    const found = new Map<string | undefined, number>();
    for (let at = 0; at < 60; at++) {
      const decoy = await decoyOf({ username: `unknown${at}` });
      found.set(decoy, (found.get(decoy) ?? 0) + 1);
      for (const username of [`UNKNOWN${at}`, ` unknown${at} `, `ｕnknown${at}`]) {
        assert.equal(await decoyOf({ username }), decoy);
      }
    }
    assert.deepEqual([...found.keys()].sort(), ['like $2b', 'like $ar']);
    assert.ok(Math.min(...found.values()) > 12, String([...found.values()]));
    await real.restart();
    const again = await decoyOf({ username: 'unknown0' });
    await real.restart();
    assert.equal(await decoyOf({ username: 'unknown0' }), again);
  });

  test('of a user without a password verifies a decoy too, as does a proof within a session', async () => {
    const { real, decoyOf } = await openMixed();
    await using _ = real;
    const robot = await real.auth.users.create({ username: 'robot', email: 'robot@example.com' });
    const { decoys } = real.hasher;
    await decoyOf({ username: 'robot' });
    await decoyOf({ email: 'Robot@Example.com' });
    const principal = { sub: robot.id, sid: 'none' };
    await assert.rejects(
      real.auth.changePassword(principal, {
        current_password: 'wrong password',
        new_password: 'another password',
      }),
      CredentialsRefused,
    );
    for (const decoy of decoys.slice(-3)) assert.match(decoy ?? '', /^like \$(2b|ar)$/);
  });
});
