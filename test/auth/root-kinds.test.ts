import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Envelope } from '../../src/auth/keys/envelope.ts';
import { SealedKeyRepository } from '../../src/auth/keys/sealed-key-repository.ts';
import { InvalidSetting } from '../../src/kernel/errors.ts';
import { aSecret } from '../store/records.ts';
import { createTestRandom, openTestAuth, TEST_SETTINGS, type TestAuth } from '../support/auth.ts';

const OLD = TEST_SETTINGS.secret;
const NEW = 'Kd7wQ2xN9vR4tZpL0bYf6HsJ3mGc8UeB';
const THIRD = 'Wb5nT8qLr2VxZc7Yd0KfM4sHj1Ga9PuE';
const DAY = 86_400;

let opened = 0;

/** What a process reads that starts with this secret. */
function openVault({ store, clock }: TestAuth, secret = OLD): Promise<SealedKeyRepository> {
  opened += 1;
  return SealedKeyRepository.open({
    store,
    secret,
    clock,
    random: createTestRandom(`process ${opened}`),
  });
}

const dataIds = (vault: SealedKeyRepository) => vault.roots.data.map(({ id }) => id);

const rotate = (node: TestAuth, secret: string, compromised = false) =>
  node.auth.secretRotation.rotate({ secret, compromised, overlapSeconds: DAY });

async function findEnvelopes({ store }: TestAuth, kind: Envelope['kind']): Promise<string[]> {
  const { envelopes } = await store.readKeys();
  return envelopes.filter((it) => it.kind === kind).map(({ id }) => id);
}

/** As an earlier version left it, or a restore: without the envelopes of a kind. */
async function dropEnvelopes(node: TestAuth, kind: Envelope['kind']): Promise<void> {
  const { version, keys } = await node.store.readKeys();
  await node.store.changeKeys({
    version,
    removedEnvelopes: await findEnvelopes(node, kind),
    removedKeys: kind === 'tokens' ? keys.map(({ kid }) => kid) : [],
  });
}

suite('the root keys for data', () => {
  test('differ from those for tokens, and are the same on every node', async () => {
    await using node = await openTestAuth();
    const [one, other] = [await openVault(node), await openVault(node)];
    assert.equal(dataIds(one).length, 1);
    assert.deepEqual(one.roots, other.roots);
    assert.notEqual(one.roots.data[0]?.id, one.roots.tokens[0]?.id);
    assert.notEqual(one.roots.data[0]?.key, one.roots.tokens[0]?.key);
    const text = JSON.stringify(await node.store.readKeys());
    for (const { key } of [...one.roots.data, ...one.roots.tokens]) assert.ok(!text.includes(key));
  });

  test('are made once in a database of an earlier version, even if several nodes start', async () => {
    await using node = await openTestAuth();
    await dropEnvelopes(node, 'data');
    const vaults = await Promise.all(Array.from({ length: 8 }, () => openVault(node)));
    assert.equal(new Set(vaults.flatMap(dataIds)).size, 1);
    assert.equal((await findEnvelopes(node, 'data')).length, 2);
    const before = await node.store.readKeys();
    await openVault(node);
    assert.deepEqual(await node.store.readKeys(), before, 'a later start writes nothing');
  });

  test('that were made later than those for tokens are not taken for a new secret', async () => {
    await using node = await openTestAuth();
    await dropEnvelopes(node, 'data');
    node.clock.step(60);
    const later = await node.another();
    assert.equal(await later.auth.secretRotation.cancel(), false);
    await rotate(later, NEW);
    const fresh = await node.another({ secret: NEW });
    assert.equal(await fresh.auth.secretRotation.finish(), true);
  });

  test('are made even while the secret is being replaced', async () => {
    for (const compromised of [false, true]) {
      await using node = await openTestAuth();
      await rotate(node, NEW, compromised);
      await dropEnvelopes(node, 'data');
      const [old, fresh] = [await openVault(node), await openVault(node, NEW)];
      assert.deepEqual(dataIds(old), dataIds(fresh));
      if (compromised) {
        // What the old secret opens ends with it.
        node.clock.step(DAY);
        await node.auth.maintain();
      } else {
        const finisher = await node.another({ secret: NEW });
        assert.equal(await finisher.auth.secretRotation.finish(), true);
      }
      assert.deepEqual(dataIds(await openVault(node, NEW)), dataIds(old));
      await assert.rejects(openVault(node), InvalidSetting);
      assert.equal((await findEnvelopes(node, 'data')).length, 2);
    }
  });

  test('stay the same when the secret is replaced, or its replacement is taken back', async () => {
    await using node = await openTestAuth();
    const running = await openVault(node);
    const ids = dataIds(running);
    await rotate(node, NEW);
    assert.deepEqual(dataIds(await openVault(node, NEW)), ids);
    assert.equal(await node.auth.secretRotation.cancel(), true);
    await assert.rejects(openVault(node, NEW), InvalidSetting);
    assert.equal((await findEnvelopes(node, 'data')).length, 2);

    await rotate(node, THIRD);
    const fresh = await node.another({ secret: THIRD });
    await fresh.auth.secretRotation.finish();
    await running.load();
    assert.deepEqual(dataIds(running), ids);
    assert.deepEqual(dataIds(await openVault(node, THIRD)), ids);
    await assert.rejects(openVault(node), InvalidSetting);
  });

  // The attack: with the stolen secret and a copy of the database, anyone can derive links and codes.
  test('are replaced after a leak on every node, and all one-time secrets end', async () => {
    await using node = await openTestAuth();
    const running = await openVault(node);
    const [stolen] = dataIds(running);
    const secret = aSecret({ expiresAt: node.clock.now() + 1_000 });
    await node.store.createOneTimeSecret({ secret, bound: null, now: node.clock.now() });
    await rotate(node, NEW, true);
    const found = await node.store.findOneTimeSecret({ ...secret, now: node.clock.now() });
    assert.equal(found, undefined);
    await running.load();
    const [restarted, fresh] = [await openVault(node), await openVault(node, NEW)];
    const [next] = dataIds(fresh);
    assert.notEqual(next, stolen);
    for (const vault of [running, restarted, fresh])
      assert.deepEqual(dataIds(vault), [next, stolen]);

    const finisher = await node.another({ secret: NEW });
    await finisher.auth.secretRotation.finish();
    for (const vault of [running, restarted]) {
      await vault.load();
      assert.deepEqual(dataIds(vault), [next]);
    }
    assert.equal((await findEnvelopes(node, 'data')).length, 2);
  });

  test('end with the old secret when the overlap ends by itself', async () => {
    await using node = await openTestAuth();
    await rotate(node, NEW, true);
    node.clock.step(DAY);
    await node.auth.maintain();
    const left = [...(await findEnvelopes(node, 'data')), ...(await findEnvelopes(node, 'tokens'))];
    assert.equal(left.length, 4);
    await assert.rejects(openVault(node), InvalidSetting);
    await openVault(node, NEW);
  });

  test('a restored database keeps them for its secret, and another secret changes nothing', async () => {
    await using node = await openTestAuth();
    const ids = dataIds(await openVault(node));
    await dropEnvelopes(node, 'tokens');
    const { version, envelopes } = await node.store.readKeys();
    const ofRoot = envelopes.filter(({ id }) => id.startsWith('data:root:'));
    await node.store.changeKeys({ version, removedEnvelopes: ofRoot.map(({ id }) => id) });
    const before = await node.store.readKeys();
    await assert.rejects(openVault(node, NEW), InvalidSetting);
    assert.deepEqual(await node.store.readKeys(), before);
    const vaults = await Promise.all([openVault(node), openVault(node)]);
    for (const vault of vaults) assert.deepEqual(dataIds(vault), ids);
    assert.deepEqual(vaults[0]?.roots, vaults[1]?.roots);
  });
});
