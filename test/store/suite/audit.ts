import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditEvent, aboutUser } from '../../../src/auth/audit/event.ts';
import type { AuditEventFilter } from '../../../src/auth/audit/event-filter.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { anEvent, aUser, unique } from '../records.ts';
import { revoking } from './harness.ts';

const order = 'newest first';

export function auditTests(given: () => Store): void {
  test('each condition leaves out what does not meet it, and all of them apply together', async () => {
    const store = given();
    const [jane, joe] = [unique('user'), unique('user')];
    const kid = unique('kid');
    const address = unique('address');
    const byJane = {
      actor: { kind: 'user', id: jane },
      subject: aboutUser(jane),
      address,
    } as const;
    const made = {
      login: anEvent({ ...byJane, changes: null }),
      failure: anEvent({
        type: 'login_failed',
        actor: { kind: 'anonymous', id: null },
        subject: aboutUser(joe),
        outcome: 'failure',
        reason: 'wrong_password',
        address,
      }),
      act: anEvent({ ...byJane, type: 'user_disabled', subject: aboutUser(joe) }),
      key: anEvent({
        type: 'key_rotated',
        actor: { kind: 'operator', id: jane },
        subject: { kind: 'key', id: kid },
        address: null,
        userAgent: null,
      }),
      // A user whose id is that of a key is another subject.
      namesake: anEvent({ ...byJane, subject: aboutUser(kid) }),
    };
    for (const event of Object.values(made)) await store.recordEvent(event);
    const expectations: [AuditEventFilter, AuditEvent[]][] = [
      [{ subjectKind: 'user', subjectId: joe }, [made.act, made.failure]],
      [{ subjectId: jane }, [made.login]],
      [{ subjectKind: 'key', subjectId: kid }, [made.key]],
      [{ subjectKind: 'user', subjectId: kid }, [made.namesake]],
      [{ actorKind: 'user', actorId: jane }, [made.namesake, made.act, made.login]],
      [{ actorKind: 'operator', actorId: jane }, [made.key]],
      [{ actorId: jane }, [made.namesake, made.key, made.act, made.login]],
      [{ address }, [made.namesake, made.act, made.failure, made.login]],
      [{ address, outcome: 'failure' }, [made.failure]],
      [{ address, outcome: 'success', types: ['user_disabled', 'login_failed'] }, [made.act]],
      [{ address, types: ['user_disabled', 'login_failed'] }, [made.act, made.failure]],
      [{ address, types: [] }, []],
      [{ address, actorKind: 'anonymous' }, [made.failure]],
      [{ address, subjectKind: 'key' }, []],
      [{ actorKind: 'user', actorId: joe }, []],
    ];
    for (const [filter, events] of expectations) {
      const found = await store.listEvents({ order, filter, limit: 99 });
      assert.deepEqual(found, events, JSON.stringify(filter));
      const reversed = await store.listEvents({ order: 'oldest first', filter, limit: 99 });
      assert.deepEqual(reversed, events.toReversed(), JSON.stringify(filter));
    }
    const ends = { after: made.login.id, before: made.namesake.id };
    const between = await store.listEvents({ order, filter: { address }, ...ends, limit: 99 });
    assert.deepEqual(between, [made.act, made.failure]);
  });

  test('pages have neither gaps nor repeats while events of the same time are written', async () => {
    const store = given();
    const subjectId = unique('user');
    const write = () => store.recordEvent(anEvent({ subject: aboutUser(subjectId), at: 7 }));
    await Promise.all(Array.from({ length: 40 }, write));
    const filter = { subjectKind: 'user', subjectId } as const;
    const before = await store.listEvents({ order, filter, limit: 99 });
    const writing: Promise<void>[] = [];
    const seen: string[] = [];
    for (let cursor: string | null = null, isLast = false; !isLast; ) {
      writing.push(write(), write());
      const page: AuditEvent[] = await store.listEvents({
        order,
        filter,
        before: cursor,
        limit: 7,
      });
      seen.push(...page.map(({ id }) => id));
      cursor = page.at(-1)?.id ?? null;
      isLast = page.length < 7;
    }
    await Promise.all(writing);
    const known = new Set(before.map(({ id }) => id));
    assert.deepEqual(
      seen.filter((id) => known.has(id)),
      before.map(({ id }) => id),
    );
    assert.equal(new Set(seen).size, seen.length);
  });

  test('the event of a change of roles has the roles before and after', async () => {
    const store = given();
    const user = aUser({ roles: ['reader'] });
    await store.createUser({ user, session: null, event: anEvent() });
    const { event, issuedUntil } = revoking({ subject: aboutUser(user.id), changes: null });
    const roles = ['admin', 'reader'];
    await store.setRoles({ userId: user.id, roles, now: 2_000, issuedUntil, event });
    const filter = { subjectKind: 'user', subjectId: user.id } as const;
    const [recorded] = await store.listEvents({ order, filter, limit: 1 });
    assert.deepEqual(recorded, { ...event, changes: { roles: { from: ['reader'], to: roles } } });
  });
}
