import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutUser } from '../../../src/auth/audit/event.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { latestEvents } from '../../support/events.ts';
import { anEvent, aSession, aUser, unique } from '../records.ts';
import { isRecorded, sessionIds, signUp } from './harness.ts';

export function userTests(given: () => Store): void {
  test('a created user is found by id, username and email, exactly as it was', async () => {
    const store = given();
    const user = aUser();
    const event = anEvent({ type: 'user_registered', subject: aboutUser(user.id) });
    const session = aSession(user.id);
    assert.deepEqual(await store.createUser({ user, session, event }), { status: 'created' });
    assert.deepEqual(await store.findUser({ id: user.id }), user);
    assert.deepEqual(await store.findUser({ usernameKey: user.usernameKey ?? '' }), user);
    assert.deepEqual(await store.findUser({ emailKey: user.emailKey ?? '' }), user);
    assert.deepEqual(await store.listSessions({ userId: user.id, now: 0, limit: 1_000 }), [
      session,
    ]);
    assert.deepEqual(await latestEvents(store, user.id, 9), [event]);
  });

  test('a user without a session, a password or any name is stored too', async () => {
    const store = given();
    const nothing = { username: null, usernameKey: null, email: null, emailKey: null, name: null };
    const user = aUser({ ...nothing, passwordHash: null, disabledAt: 7, roles: [], profile: {} });
    const another = aUser(nothing);
    for (const it of [user, another]) {
      const created = await store.createUser({ user: it, session: null, event: anEvent() });
      assert.equal(created.status, 'created');
    }
    assert.deepEqual(await store.findUser({ id: user.id }), user);
    assert.deepEqual(await sessionIds(store, user.id), []);
  });

  test('a sample of few password hashes has all of them', async () => {
    const store = given();
    const { user } = await signUp(store, 0, { passwordHash: unique('sampled') });
    const { user: other } = await signUp(store, 0, { passwordHash: null });
    assert.equal(other.passwordHash, null);
    const places = Array.from({ length: 100_000 }, (_, at) => at / 100_000);
    const sample = await store.samplePasswordHashes({ places });
    assert.ok(sample.includes(user.passwordHash ?? ''));
    assert.ok(sample.every((hash) => typeof hash === 'string'));
  });

  test('a sample of many password hashes has about as many as there are places, from all over', async () => {
    const store = given();
    const created = Array.from({ length: 300 }, (_, at) =>
      signUp(store, 0, { passwordHash: at % 3 === 0 ? 'every third' : 'others' }),
    );
    await Promise.all(created);
    const places = Array.from({ length: 60 }, (_, at) => (at + 0.5) / 60);
    const sample = await store.samplePasswordHashes({ places });
    assert.ok(sample.length > 50 && sample.length <= 60, String(sample.length));
    const third = sample.filter((it) => it === 'every third').length;
    const others = sample.filter((it) => it === 'others').length;
    assert.ok(third > 2 && others > third, `${third} and ${others} of ${sample.length}`);
  });

  test('no user is found by an unknown id, username or email', async () => {
    const store = given();
    assert.equal(await store.findUser({ id: 'nobody' }), undefined);
    assert.equal(await store.findUser({ usernameKey: 'nobody' }), undefined);
    assert.equal(await store.findUser({ emailKey: 'nobody' }), undefined);
  });

  test('text is stored as data, whatever it looks like', async () => {
    const store = given();
    const text = `'; DROP TABLE users; -- " \\ %_ \u{1F600} ${'x'.repeat(5_000)}`;
    const profile = JSON.parse('{"__proto__":{"a":1},"constructor":2}');
    const user = aUser({ name: text, usernameKey: text, roles: [text], profile });
    await store.createUser({ user, session: null, event: anEvent({ userAgent: text }) });
    assert.deepEqual(await store.findUser({ usernameKey: text }), user);
  });

  for (const field of ['username', 'email'] as const) {
    test(`a taken ${field} is reported, and nothing of the new user is stored`, async () => {
      const store = given();
      const { user: holder } = await signUp(store, 0);
      const user = aUser({ [`${field}Key`]: holder[`${field}Key`] });
      const event = anEvent();
      const result = await store.createUser({ user, session: aSession(user.id), event });
      assert.deepEqual(result, { status: 'taken', field });
      assert.equal(await store.findUser({ id: user.id }), undefined);
      assert.deepEqual(await sessionIds(store, user.id), []);
      assert.equal(await isRecorded(store, event.id), false);
    });
  }

  test('users are listed page by page in order of id', async () => {
    const store = given();
    const { user: before } = await signUp(store, 0);
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await signUp(store, 0)).user.id);
    const first = await store.listUsers({ after: before.id, limit: 2 });
    const rest = await store.listUsers({ after: first[1]?.id ?? '', limit: 99 });
    assert.deepEqual(
      [...first, ...rest].map((it) => it.id),
      ids,
    );
    assert.equal((await store.listUsers({ after: null, limit: 1 })).length, 1);
    assert.deepEqual(await store.listUsers({ after: ids[4] ?? '', limit: 9 }), []);
  });
}
