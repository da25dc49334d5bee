import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutUser } from '../../../src/auth/audit/event.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { latestEvents } from '../../support/events.ts';
import { anEvent, aSession, aUser, unique } from '../records.ts';

export function nodeStateTests(given: () => Store): void {
  test('setMax never lowers a number', async () => {
    const store = given();
    const name = unique('number');
    const setMax = (value: number) => store.setMax({ name, value });
    assert.equal(await setMax(9), 9);
    assert.equal(await setMax(10), 10);
    assert.equal(await setMax(9), 10);
    assert.equal(await setMax(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    assert.equal(await setMax(0), Number.MAX_SAFE_INTEGER);
  });

  test('a value is replaced only by a caller that knows the value before it', async () => {
    const store = given();
    const name = unique('name');
    const compareAndSet = (expected: string, value: string) =>
      store.compareAndSet({ name, expected, value });
    assert.equal(await compareAndSet('never', 'a'), '');
    const first = await Promise.all(['a', 'b', 'c'].map((value) => compareAndSet('', value)));
    assert.equal(new Set(first).size, 1, 'all are told the same');
    const [now = ''] = first;
    assert.ok(['a', 'b', 'c'].includes(now));
    assert.equal(await compareAndSet('', 'd'), now);
    const another = await store.compareAndSet({ name: unique('name'), expected: '', value: 'e' });
    assert.equal(another, 'e', 'another name has another value');
    assert.equal(await compareAndSet(now, 'd'), 'd');
    assert.equal(await compareAndSet('d', ''), '');
    assert.equal(await compareAndSet('', 'e'), 'e');
  });

  test('events are listed, the newest first, of one user or of all', async () => {
    const store = given();
    const userId = unique('user');
    const [first, second, third] = [
      anEvent({ subject: aboutUser(userId), type: 'login_failed', at: 3 }),
      anEvent({
        subject: aboutUser(unique('user')),
        sessionId: 'a session',
        address: null,
        userAgent: null,
        changes: null,
      }),
      anEvent({ subject: aboutUser(userId), at: 1 }),
    ];
    for (const event of [second, third, first]) await store.recordEvent(event);
    assert.deepEqual(await latestEvents(store, userId, 9), [third, first]);
    assert.deepEqual(await latestEvents(store, userId, 1), [third]);
    assert.deepEqual(await latestEvents(store, null, 3), [third, second, first]);
    assert.deepEqual(await latestEvents(store, 'nobody', 9), []);
  });

  test('the database answers a ping', async () => {
    assert.equal(await given().ping(), undefined);
  });

  test('the write probe leaves no rows', async () => {
    const store = given();
    const user = aUser({ username: null, usernameKey: null, email: null, emailKey: null });
    const session = aSession(user.id);
    const event = anEvent({ subject: aboutUser(user.id) });
    for (let times = 0; times < 2; times++) await store.tryWriting({ user, session, event });
    assert.equal(await store.findUser({ id: user.id }), undefined);
    assert.equal(await store.findSession({ sessionId: session.id, now: 0 }), undefined);
    assert.deepEqual(await latestEvents(store, user.id, 9), []);
  });
}
