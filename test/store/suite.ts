import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Store } from '../../src/auth/ports/store.ts';
import { StoreUnavailable } from '../../src/kernel/errors.ts';
import { latestEvents } from '../support/events.ts';
import { aKey, anEnvelope, anEvent, unique } from './records.ts';
import { accountTests } from './suite/account.ts';
import { atomicityTests } from './suite/atomicity.ts';
import { auditTests } from './suite/audit.ts';
import { clientTests } from './suite/clients.ts';
import {
  newestSeq,
  type OpenDatabase,
  revoking,
  signUp,
  type TestDatabase,
} from './suite/harness.ts';
import { keyTests } from './suite/keys.ts';
import { limitTests } from './suite/limits.ts';
import { nodeStateTests } from './suite/node-state.ts';
import { oneTimeSecretTests } from './suite/one-time-secrets.ts';
import { outboxTests } from './suite/outbox.ts';
import { raceTests } from './suite/races.ts';
import { revocationTests } from './suite/revocations.ts';
import { rotationTests } from './suite/rotation.ts';
import { secondFactorTests } from './suite/second-factors.ts';
import { sessionBoundTests } from './suite/session-bounds.ts';
import { sessionTests } from './suite/sessions.ts';
import { userTests } from './suite/users.ts';

/**
 * What every store must do, whatever the database. `open` makes a fresh, empty database. Tests that
 * concern only what they made themselves share one. `inOrder`: calls take effect in the order in which
 * they were made, awaited or not; a store of many connections promises it of awaited ones alone.
 */
export function storeSuite(name: string, open: OpenDatabase, inOrder = true): void {
  suite(name, () => {
    let shared: TestDatabase | undefined;
    before(async () => {
      shared = await open();
    });
    after(() => shared?.remove());
    const given = (): Store => {
      assert.ok(shared);
      return shared.store;
    };

    suite('users', () => userTests(given));
    suite('sessions', () => sessionTests(given));
    suite('bounds of sessions', () => sessionBoundTests(given));
    suite('rotation', () => rotationTests(given));
    suite('accounts', () => accountTests(given));
    suite('node state and events', () => nodeStateTests(given));
    suite('one-time secrets', () => oneTimeSecretTests(given, open));
    suite('second factors', () => secondFactorTests(given, open));
    suite('outbox', () => outboxTests(given, open));
    suite('limits of attempts', () => limitTests(given, open));
    suite('audit trail', () => auditTests(given));
    suite('atomicity', () => atomicityTests(given, inOrder));
    suite('revocations', () => revocationTests(open));
    suite('keys', () => keyTests(open));
    suite('clients', () => clientTests(open));
    suite('races', () => raceTests(open));
    suite('closing', () => closingTests(open));
  });
}

function closingTests(open: OpenDatabase): void {
  test('close finishes the calls before it, and refuses those after it', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const asked = Array.from({ length: 50 }, () => store.setMax({ name: unique('x'), value: 7 }));
    const closed = Promise.all([store.close(), store.close()]);
    await assert.rejects(store.ping(), StoreUnavailable);
    await assert.rejects(store.recordEvent(anEvent()), StoreUnavailable);
    assert.deepEqual(new Set(await Promise.all(asked)), new Set([7]));
    await closed;
    await assert.rejects(store.readKeys(), StoreUnavailable);
  });

  test('everything is still there when the database is opened again', async (t) => {
    const { store, another, remove } = await open();
    t.after(remove);
    if (another === undefined) return t.skip('nothing outlives a database in memory');
    const { user, sessions } = await signUp(store, 2);
    const key = aKey();
    const envelope = anEnvelope();
    await store.changeKeys({ version: 0, keys: [key], envelopes: [envelope] });
    await store.setMax({ name: 'number', value: 7 });
    const { revocations } = await store.revokeToken({ jti: unique('jti'), ...revoking() });
    const events = await latestEvents(store, null, 99);
    await store.close();

    const again = await another();
    t.after(() => again.close());
    assert.deepEqual(await again.findUser({ id: user.id }), user);
    const listed = await again.listSessions({ userId: user.id, now: 0, limit: 1_000 });
    assert.deepEqual(listed.reverse(), sessions);
    const kept = { version: 1, keys: [key], envelopes: [envelope] };
    assert.deepEqual(await again.readKeys(), kept);
    assert.equal(await again.setMax({ name: 'number', value: 6 }), 7);
    const log = { revocations, lastSeq: await newestSeq(again) };
    assert.deepEqual(await again.listRevocations({ after: 0, now: 0 }), log);
    assert.deepEqual(await latestEvents(again, null, 99), events);
  });
}
