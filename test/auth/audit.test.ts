import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestAuth } from '../support/auth.ts';

test('events name the key or the guard they are about', async () => {
  await using real = await openTestAuth();
  const { auth, store } = real;
  const first = auth.keys.signing.kid;
  const next = await auth.keeper.rotate({ algorithm: 'ES256', now: false });
  real.clock.step(1);
  await auth.keeper.revoke(first);
  real.clock.step(1);
  const { guard } = await auth.guards.create('orders');
  real.clock.step(1);
  await auth.guards.delete(guard.id);
  real.clock.step(1);
  const { user } = await auth.register({ username: 'jane', password: 'correct horse' });
  const events = await store.listEvents({ userId: null, limit: 9 });
  assert.deepEqual(events.map(({ type, userId, subject }) => [type, userId, subject]).reverse(), [
    ['key_rotated', null, next.kid],
    ['key_revoked', null, first],
    ['guard_created', null, 'orders'],
    ['guard_deleted', null, 'orders'],
    ['user_registered', user.id, null],
  ]);
});
