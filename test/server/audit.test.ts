import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PASSWORD, startServer } from '../support/server.ts';

const server = await startServer();
const { users, audit } = server.app.latchkey;

async function signIn(username: string, roles: readonly string[] = []) {
  const user = await users.create({ username, password: PASSWORD, roles });
  const { body } = await server.login(username);
  return { id: user.id, token: String(body['access_token']) };
}

const admin = await signIn('admin', ['admin']);

suite('the audit trail by HTTP', () => {
  test('an administrator searches by each filter, page by page', async () => {
    const jane = await signIn('jane');
    await server.login('jane', 'a wrong password');
    await users.disable(jane.id);
    const search = async (query: string) => {
      const { status, body } = await server.send(`/auth/admin/audit?${query}`, {
        token: admin.token,
      });
      assert.equal(status, 200, query);
      return body['events'].map(({ type }: { type: string }) => type);
    };
    const all = ['user_disabled', 'login_failed', 'login_succeeded', 'user_created'];
    const ofJane = `subject=${jane.id}`;
    const now = new Date(server.clock.ms).toISOString();
    const expectations: [string, string[]][] = [
      [ofJane, all],
      [`subject=user:${jane.id}`, all],
      [`${ofJane}&actor=${jane.id}`, ['login_succeeded']],
      [`${ofJane}&actor=system`, ['user_disabled', 'user_created']],
      [`${ofJane}&actor=system:application&type=user_created`, ['user_created']],
      [`${ofJane}&type=login_failed,user_created`, ['login_failed', 'user_created']],
      [`${ofJane}&outcome=failure`, ['login_failed']],
      [`${ofJane}&address=::ffff:127.0.0.1`, ['login_failed', 'login_succeeded']],
      [`${ofJane}&address=192.0.2.1`, []],
      [`${ofJane}&since=${now}`, all],
      [`${ofJane}&until=${now}`, []],
      [`subject=client`, []],
    ];
    // Events of one millisecond are in no order.
    for (const [query, types] of expectations) {
      assert.deepEqual((await search(query)).sort(), types.toSorted(), query);
    }
    const seen: string[] = [];
    for (let after = ''; ; ) {
      const { body } = await server.send(`/auth/admin/audit?${ofJane}&limit=3${after}`, {
        token: admin.token,
      });
      seen.push(...body['events'].map(({ id }: { id: string }) => id));
      if (body['next_cursor'] === null) break;
      after = `&after=${body['next_cursor']}`;
    }
    assert.deepEqual([seen.length, new Set(seen).size], [4, 4]);
    for (const query of [
      'actor=x',
      'type=x',
      'outcome=x',
      'since=x',
      'limit=0',
      'after=1',
      'x=1',
    ]) {
      const { status } = await server.send(`/auth/admin/audit?${query}`, { token: admin.token });
      assert.equal(status, 400, query);
    }
  });

  test('an export has all events, one JSON object a line', async () => {
    const joe = await signIn('joe');
    const login = () => server.login('joe', 'a wrong password');
    await Promise.all(Array.from({ length: 8 }, login));
    const { status, headers, text } = await server.send(
      `/auth/admin/audit?subject=${joe.id}&limit=2`,
      {
        token: admin.token,
        headers: { accept: 'application/x-ndjson' },
      },
    );
    assert.deepEqual([status, headers.get('content-type')], [200, 'application/x-ndjson']);
    assert.ok(text.endsWith('\n'));
    const events = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const listed = await audit.list({ subjectKind: 'user', subjectId: joe.id });
    assert.deepEqual(
      events.map(({ id }) => id),
      listed.events.map(({ id }) => id),
    );
    assert.equal(events.length, 10);
    assert.deepEqual(Object.keys(events[0]), [
      'id',
      'at',
      'type',
      'actor',
      'subject',
      'session_id',
      'outcome',
      'reason',
      'address',
      'user_agent',
      'changes',
    ]);
    const refused = await server.send('/auth/admin/audit', {
      token: joe.token,
      headers: { accept: 'application/x-ndjson' },
    });
    assert.equal(refused.status, 403);
  });

  test('users see what happened to their own account, and no address of an administrator', async () => {
    const ada = await signIn('ada');
    await server.login('ada', 'a wrong password');
    const caller = {
      actor: { kind: 'user', id: admin.id },
      address: '192.0.2.99',
      userAgent: 'an administrator',
    } as const;
    await users.setRoles(ada.id, ['editor'], caller);
    const again = await server.login('ada');
    const token = String(again.body['access_token']);
    const { status, body, text } = await server.send('/auth/me/events', { token });
    assert.equal(status, 200);
    type Shown = Record<string, string | null>;
    const shown = body['events'].map((it: Shown) => [
      it['type'],
      it['outcome'],
      it['actor'],
      it['address'],
    ]);
    assert.deepEqual(shown.sort(), [
      ['login_failed', 'failure', 'anonymous', '127.0.0.1'],
      ['login_succeeded', 'success', 'self', '127.0.0.1'],
      ['login_succeeded', 'success', 'self', '127.0.0.1'],
      ['user_created', 'success', 'system', null],
      ['user_roles_changed', 'success', 'administrator', null],
    ]);
    assert.doesNotMatch(text, /192\.0\.2\.99|an administrator|admin"/);
    const page = await server.send('/auth/me/events?limit=2', { token });
    assert.equal(page.body['events'].length, 2);
    assert.equal(page.body['next_cursor'], page.body['events'][1].id);
    assert.equal((await server.send('/auth/me/events')).status, 401);
    assert.equal((await server.send('/auth/me/events?limit=x', { token })).status, 400);
  });
});
