import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '../../src/auth/audit/event.ts';
import type { BackgroundReport } from '../../src/system/background-report.ts';
import { openLatchkey } from '../../src/system/latchkey.ts';
import { testOptions } from '../support/server.ts';

/** Collects what arrives, and resolves when something of a name has. */
function createInbox() {
  const events: AuditEvent[] = [];
  const waiting = new Set<() => void>();
  return {
    events,
    take(event: AuditEvent) {
      events.push(event);
      for (const look of waiting) look();
    },
    until: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (events.length >= count) resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

test('The hook gets each event as it was recorded, once, in order, and survives what it throws', async (t) => {
  const { clock: _, ...options } = testOptions();
  const databaseUrl = `sqlite:${options.dataDir}/latchkey.db`;
  const reports: BackgroundReport[] = [];
  const open = (onEvent: (event: AuditEvent) => unknown) =>
    openLatchkey(
      { ...options, databaseUrl, onEvent },
      { serves: true, onBackgroundReport: (report) => reports.push(report) },
    );
  const before = await openLatchkey({ ...options, databaseUrl });
  await before.users.create({ username: 'before', password: 'correct horse' });
  await before.close();

  const inbox = createInbox();
  const first = await open((event) => {
    inbox.take(event);
    if (inbox.events.length <= 2) throw new Error('The hook cannot do this.');
  });
  t.after(() => first.close());
  const made = await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      first.users.create({ username: `user${at}`, password: 'correct horse' }),
    ),
  );
  // The first was not sealed yet when the hook began.
  await inbox.until(11);
  const listed = await first.auth.audit.list({ types: ['user_created'] });
  const ids = new Set(made.map(({ id }) => id));
  const expected = listed.events.filter(({ subject }) => ids.has(subject.id ?? ''));
  const byId = (one: AuditEvent, other: AuditEvent) => (one.id < other.id ? -1 : 1);
  const delivered = inbox.events.filter(({ subject }) => ids.has(subject.id ?? ''));
  assert.deepEqual(delivered.toSorted(byId), expected.toSorted(byId));
  await first.close();
  assert.deepEqual(
    reports.map(({ task, error }) => [task, error === undefined]),
    [
      ['calling onEvent', false],
      ['calling onEvent', true],
    ],
    'the failure is reported once, and that it is over',
  );

  // Written while the hook is not there.
  const between = await openLatchkey({ ...options, databaseUrl }, { serves: true });
  await between.users.delete(made[0]?.id ?? '');
  await between.close();
  const later = createInbox();
  const second = await open(later.take);
  t.after(() => second.close());
  await later.until(1);
  assert.deepEqual(
    later.events.map(({ type }) => type),
    ['user_deleted'],
  );
});
