import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operatorCaller } from '../../src/auth/audit/caller.ts';
import { openTestAuth } from '../support/auth.ts';

test('events name the key or the client they are about, and who acted', async () => {
  await using real = await openTestAuth();
  const { auth, store } = real;
  const first = auth.keys.signing.kid;
  const root = operatorCaller('root');
  const next = await auth.keeper.rotate({ algorithm: 'ES256', now: false }, root);
  real.clock.step(1);
  await auth.keeper.revoke(first, root);
  real.clock.step(1);
  const { client } = await auth.clients.create({ name: 'orders', kind: 'guard' }, root);
  real.clock.step(1);
  await auth.clients.delete(client.id);
  real.clock.step(1);
  const { user } = await auth.register({ username: 'jane', password: 'correct horse' });
  const events = await store.listEvents({ order: 'oldest first', limit: 9 });
  const byRoot = { kind: 'operator', id: 'root' };
  assert.deepEqual(
    events.map(({ type, actor, subject, changes }) => [type, actor, subject, changes]),
    [
      ['key_rotated', byRoot, { kind: 'key', id: next.kid }, { algorithm: 'ES256' }],
      ['key_revoked', byRoot, { kind: 'key', id: first }, { algorithm: 'ES256' }],
      [
        'client_created',
        byRoot,
        { kind: 'client', id: client.id },
        { kind: 'guard', name: 'orders' },
      ],
      [
        'client_deleted',
        { kind: 'system', id: 'application' },
        { kind: 'client', id: client.id },
        { name: 'orders' },
      ],
      ['user_registered', { kind: 'user', id: user.id }, { kind: 'user', id: user.id }, null],
    ],
  );
});
