import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineClientKey, findClientKey } from '../../src/auth/clients/client-key.ts';
import {
  CredentialsRefused,
  InvalidInput,
  RecordNotFound,
  RefreshRefused,
} from '../../src/kernel/errors.ts';
import { openTestAuth, type TestAuth } from '../support/auth.ts';

const DAY_SECONDS = 24 * 3600;

const isAccepted = async ({ auth }: TestAuth, key: string) =>
  auth.clients.authenticate(findClientKey(key)).then(
    ({ client }) => client.id,
    (error) => {
      assert.ok(error instanceof CredentialsRefused, String(error));
      return undefined;
    },
  );

test('An earlier secret is valid for 24 hours to the second, on every node', async () => {
  await using one = await openTestAuth();
  const two = await one.another();
  const { client, key: first } = await one.auth.clients.create({ name: 'api', kind: 'guard' });
  const rotated = await one.auth.clients.rotateSecret(client.id);
  const endsAt = one.clock.now() + DAY_SECONDS * 1000;
  assert.deepEqual(rotated.client, { ...client, oldSecretsEndAt: endsAt });
  assert.equal(findClientKey(rotated.key)?.id, client.id);
  assert.notEqual(rotated.key, first);
  one.clock.step(DAY_SECONDS - 1);
  for (const node of [one, two]) {
    assert.equal(await isAccepted(node, first), client.id);
    assert.equal(await isAccepted(node, rotated.key), client.id);
  }
  assert.deepEqual(await two.auth.clients.list(), [{ ...client, oldSecretsEndAt: endsAt }]);
  one.clock.step(1);
  for (const node of [one, two]) {
    assert.equal(await isAccepted(node, first), undefined);
    assert.equal(await isAccepted(node, rotated.key), client.id);
  }
  assert.deepEqual(await two.auth.clients.list(), [client]);
  assert.equal((await one.auth.clients.listSecretIds()).size, 1);
});

test('A second rotation ends no secret sooner, unless it asks for that', async () => {
  await using one = await openTestAuth();
  const { clients } = one.auth;
  const { client, key: first } = await clients.create({ name: 'api', kind: 'guard' });
  const { key: second } = await clients.rotateSecret(client.id);
  one.clock.step(3600);
  // The key that was printed got lost, so another is made. The client still runs with the first.
  const { key: third } = await clients.rotateSecret(client.id);
  for (const key of [first, second, third]) assert.equal(await isAccepted(one, key), client.id);
  one.clock.step(DAY_SECONDS - 3600);
  assert.equal(await isAccepted(one, first), undefined, 'it does not live longer either');
  for (const key of [second, third]) assert.equal(await isAccepted(one, key), client.id);
  const { key: fourth, client: now } = await clients.rotateSecret(client.id, { overlapSeconds: 0 });
  assert.equal(now.oldSecretsEndAt, null);
  for (const key of [first, second, third]) assert.equal(await isAccepted(one, key), undefined);
  assert.equal(await isAccepted(one, fourth), client.id);
  const { key: fifth } = await clients.rotateSecret(client.id, { overlapSeconds: 60 });
  one.clock.step(59);
  assert.equal(await isAccepted(one, fourth), client.id);
  one.clock.step(1);
  assert.equal(await isAccepted(one, fourth), undefined);
  assert.equal(await isAccepted(one, fifth), client.id);
  const longest = { overlapSeconds: 30 * DAY_SECONDS };
  const { client: latest } = await clients.rotateSecret(client.id, longest);
  assert.equal(latest.oldSecretsEndAt, one.clock.now() + 30 * DAY_SECONDS * 1000);
});

test('Of parallel requests to create a client of one name, one succeeds', async () => {
  await using one = await openTestAuth();
  const two = await one.another();
  const attempts = await Promise.allSettled(
    [one, two, one, two].map(({ auth }) => auth.clients.create({ name: 'api', kind: 'guard' })),
  );
  assert.equal(attempts.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const attempt of attempts) {
    if (attempt.status === 'rejected') assert.ok(attempt.reason instanceof InvalidInput);
  }
  assert.equal((await one.auth.clients.list()).length, 1);
});

test('A key authenticates one client, with a secret of that client', async () => {
  await using one = await openTestAuth();
  const { clients } = one.auth;
  const a = await clients.create({ name: 'a', kind: 'guard' });
  const b = await clients.create({ name: 'b', kind: 'guard' });
  const [keyOfA, keyOfB] = [findClientKey(a.key), findClientKey(b.key)];
  assert.ok(keyOfA && keyOfB);
  const { secretId } = await clients.authenticate(keyOfA);
  assert.ok(!a.key.includes(secretId), 'the id of a secret says nothing about it');
  const wrong = [
    undefined,
    { id: keyOfA.id, secret: keyOfB.secret },
    { id: keyOfA.id, secret: '' },
    { id: keyOfA.id, secret: '0'.repeat(43) },
    { id: 'f'.repeat(16), secret: keyOfA.secret },
  ];
  for (const key of wrong) await assert.rejects(clients.authenticate(key), CredentialsRefused);
  assert.deepEqual(combineClientKey(keyOfA.id, a.key), keyOfA);
  assert.deepEqual(combineClientKey(keyOfA.id, keyOfA.secret), keyOfA);
  assert.equal(combineClientKey(keyOfB.id, a.key), undefined);
});

test('An invalid name, kind or id is refused, and nothing is recorded', async () => {
  await using one = await openTestAuth();
  const { clients } = one.auth;
  const create = (kind: string) => clients.create({ name: 'api', kind: kind as 'guard' });
  for (const kind of ['web', 'service', '', 'Guard']) {
    await assert.rejects(create(kind), (error) => {
      assert.ok(error instanceof InvalidInput);
      return error.problems[0]?.field === 'kind';
    });
  }
  const unknown = 'f'.repeat(16);
  await assert.rejects(clients.rotateSecret(unknown), RecordNotFound);
  await assert.rejects(clients.delete(unknown), RecordNotFound);
  const { client } = await clients.create({ name: 'api', kind: 'guard' });
  for (const overlapSeconds of [-1, Number.NaN, 30 * DAY_SECONDS + 1, Number.POSITIVE_INFINITY]) {
    await assert.rejects(clients.rotateSecret(client.id, { overlapSeconds }), InvalidInput);
  }
  await clients.rotateSecret(client.id);
  const oldSecretsEndAt = new Date(one.clock.now() + DAY_SECONDS * 1000).toISOString();
  const events = await one.store.listEvents({ order: 'oldest first', limit: 9 });
  assert.deepEqual(
    events.map(({ type, subject, changes }) => [type, subject.id, changes]),
    [
      ['client_created', client.id, { kind: 'guard', name: 'api' }],
      ['client_secret_rotated', client.id, { name: 'api', old_secrets_end_at: oldSecretsEndAt }],
    ],
  );
});

test('Only the client of a session can refresh it, and the attempts of others do no harm', async () => {
  await using one = await openTestAuth();
  const { auth, clock, store } = one;
  const { client } = await auth.clients.create({ name: 'a', kind: 'guard' });
  const { client: other } = await auth.clients.create({ name: 'b', kind: 'guard' });
  const jane = { username: 'jane', password: 'correct horse' };
  const own = await auth.register(jane);
  const { session, refreshToken } = await one.login(jane, undefined, undefined, client.id);
  const refuses = (token: string, by: string | null) =>
    assert.rejects(auth.refresh(token, undefined, undefined, by), (error) => {
      assert.ok(error instanceof RefreshRefused);
      return error.code === 'refresh_token_invalid';
    });
  const generation = async (sessionId: string) =>
    (await store.findSession({ sessionId, now: clock.now() }))?.session.generation;
  clock.step(60);
  await refuses(refreshToken, other.id);
  assert.equal(await generation(session.id), 0, 'another client rotates nothing');
  await refuses(refreshToken, null);
  clock.step(60);
  const next = await auth.refresh(refreshToken, undefined, undefined, client.id);
  assert.equal(next.session.clientId, client.id);
  assert.equal(one.verifier.verify(next.accessToken).client_id, client.id);
  await refuses(own.refreshToken, client.id);
  assert.equal(await generation(own.session.id), 0);
  const first = await auth.refresh(own.refreshToken);
  assert.equal(one.verifier.verify(first.accessToken).client_id, 'latchkey');
});

test('A client is identified only with its own secret, and unknown client ids name no client', async () => {
  await using one = await openTestAuth({ clientId: '0123456789abcdef' });
  const { clients } = one.auth;
  const { client, key } = await clients.create({ name: 'a', kind: 'guard' });
  const { key: wrong } = await clients.create({ name: 'b', kind: 'guard' });
  const resolve = (clientId: string, clientSecret: string) =>
    clients.resolve({ clientId, clientSecret });
  assert.equal(await resolve(client.id, key), client.id);
  assert.equal(await resolve(client.id, key.slice(-43)), client.id);
  for (const secret of ['', wrong, wrong.slice(-43), 'x']) {
    await assert.rejects(resolve(client.id, secret), CredentialsRefused);
  }
  for (const id of ['', 'latchkey', '0123456789abcdef', 'f'.repeat(16), client.id.toUpperCase()]) {
    assert.equal(await resolve(id, key), null, id);
  }
  const { session, refreshToken } = await one.auth.register({
    username: 'jane',
    password: 'correct horse',
  });
  assert.equal(session.clientId, '0123456789abcdef', 'the first party may be called as it likes');
  assert.equal((await one.auth.refresh(refreshToken)).session.id, session.id);
});
