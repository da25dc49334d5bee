import assert from 'node:assert/strict';
import type { AuditEvent } from '../../src/auth/audit/event.ts';
import type { Store } from '../../src/auth/ports/store.ts';

const insertion =
  'insert into audit_events (id, at, type, user_id, session_id, address, user_agent, subject) values';

type Expected = Pick<AuditEvent, 'actor' | 'subject' | 'outcome' | 'reason'>;

const jane = { kind: 'user', id: 'jane' } as const;
const ofJane = (kind: 'user' | 'anonymous' | 'unknown', reason: AuditEvent['reason'] = null) => ({
  actor: { kind, id: kind === 'user' ? 'jane' : null },
  subject: jane,
  outcome: reason === null ? ('success' as const) : ('failure' as const),
  reason,
});
const about = (kind: 'client' | 'key' | 'secret' | 'user', id: string | null): Expected => ({
  actor: { kind: 'unknown', id: null },
  subject: { kind, id },
  outcome: 'success',
  reason: null,
});

/** Rows as version 0.1 wrote them, and the events that they are read as today. */
const rows: readonly [type: string, user: boolean, address: boolean, subject: string, Expected][] =
  [
    ['user_registered', true, true, '', ofJane('user')],
    ['user_created', true, false, '', ofJane('unknown')],
    ['user_roles_changed', true, false, '', ofJane('unknown')],
    ['password_changed', true, true, '', ofJane('user')],
    ['password_changed', true, false, '', ofJane('unknown')],
    ['login_succeeded', true, true, '', ofJane('user')],
    ['login_failed', true, true, '', ofJane('anonymous', 'wrong_password')],
    [
      'login_failed',
      false,
      true,
      '',
      { ...ofJane('anonymous', 'unknown_user'), subject: { kind: 'user', id: null } },
    ],
    ['login_of_disabled_user', true, true, '', ofJane('user', 'account_disabled')],
    ['password_change_failed', true, true, '', ofJane('user', 'wrong_password')],
    ['refresh_token_reused', true, true, '', ofJane('anonymous', 'refresh_token_reused')],
    ['session_ended', true, true, '', ofJane('user')],
    ['session_ended', true, false, '', ofJane('unknown')],
    ['token_revoked', true, true, '', ofJane('user')],
    ['guard_created', false, false, 'orders', about('client', '0123456789abcdef')],
    ['guard_deleted', false, false, 'gone', about('client', 'gone')],
    ['key_rotated', false, false, 'a kid', about('key', 'a kid')],
    ['secret_rotated', false, false, '', about('secret', null)],
  ];

/** Statements that write events into a database of version 0.1. */
export function insertOldEvents(): string {
  const quote = (text: string) => (text === '' ? 'null' : `'${text}'`);
  const values = rows.map(([type, user, address, subject], at) => {
    const [who, from] = [quote(user ? 'jane' : ''), quote(address ? '192.0.2.1' : '')];
    return `(${quote(idOf(at))}, ${at}, ${quote(type)}, ${who}, 'sid', ${from}, null, ${quote(subject)})`;
  });
  return `insert into guards (id, name, key_hash, created_at) values ('0123456789abcdef', 'orders', 'x', 1);
    ${insertion} ${values.join(', ')}`;
}

/** What a node of version 0.1 writes while it still runs beside newer ones. */
export const insertLateEvents = `${insertion}
  ('late-1', 1, 'login_failed', 'jane', null, '192.0.2.1', null, null),
  ('late-2', 1, 'login_failed', null, null, '192.0.2.1', null, null),
  ('late-3', 1, 'login_succeeded', 'jane', 'sid', '192.0.2.1', null, null),
  ('late-4', 1, 'key_rotated', null, null, null, null, 'a kid')`;

export async function assertOldEvents(store: Store): Promise<void> {
  const events = await store.listEvents({ order: 'oldest first', before: 'late', limit: 99 });
  const found = events.map(({ type, actor, subject, outcome, reason }) => {
    return [type, { actor, subject, outcome, reason }];
  });
  assert.deepEqual(
    found,
    rows.map(([type, , , , expected]) => [type, expected]),
  );
  const [first] = events;
  assert.deepEqual([first?.sessionId, first?.address, first?.changes], ['sid', '192.0.2.1', null]);
}

export async function assertLateEvents(store: Store): Promise<void> {
  const events = await store.listEvents({ order: 'oldest first', after: 'late', limit: 99 });
  assert.deepEqual(
    events.map(({ actor, subject, outcome, reason }) => ({ actor, subject, outcome, reason })),
    [
      { ...ofJane('unknown', 'wrong_password') },
      { ...ofJane('unknown', 'unknown_user'), subject: { kind: 'user', id: null } },
      ofJane('unknown'),
      about('key', 'a kid'),
    ],
  );
}

function idOf(at: number): string {
  return `event-${String(at).padStart(3, '0')}`;
}
