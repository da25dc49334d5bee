import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { AuditEventType } from '../../src/auth/audit/event.ts';
import { DEFAULT_ROUTES } from '../../src/server/features/features.ts';
import { assertProblem } from '../support/refusals.ts';
import {
  internalsOf,
  PASSWORD,
  startHost,
  startServer,
  type TestAnswer,
  type TestRequest,
} from '../support/server.ts';

const server = await startServer();
const { send, clock, app } = server;
const { users, clients, audit } = app.latchkey;

let made = 0;
const nameOf = (prefix: string) => `${prefix}${made++}`;

interface SignedIn {
  readonly id: string;
  readonly username: string;
  readonly token: string;
  readonly refreshToken: string;
}

/** A user with these roles who has just signed in. */
async function signUp(roles: readonly string[] = []): Promise<SignedIn> {
  const username = nameOf('user');
  const { id } = await users.create({ username, password: PASSWORD, roles });
  const { body } = await server.login(username);
  return { id, username, token: body['access_token'], refreshToken: body['refresh_token'] };
}

/** What a route is sent, and what it does. */
interface Example {
  /** Parameters of the path, and the rest of the request. Makes what the request is about. */
  readonly make?: () => Promise<{
    readonly params?: Record<string, string>;
    readonly json?: unknown;
  }>;
  readonly status: number;
  /** The event of a success; undefined: the route only reads. */
  readonly event?: AuditEventType;
}

const UNKNOWN_ID = '01890000-0000-7000-8000-000000000000';
const aClient = async () => {
  const { client } = await clients.create({ name: nameOf('client '), kind: 'guard' });
  return { params: { id: client.id } };
};

const aUser = async () => ({ params: { id: (await signUp(['editor'])).id } });
const aUserAnd = (json: unknown) => async () => ({ ...(await aUser()), json });

const aUsersSession = async () => {
  const user = await signUp();
  const { body } = await send('/auth/sessions', { token: user.token });
  return { params: { id: user.id, sid: String(body['sessions'][0].id) } };
};

/** One success of each route. A route that is missing here fails the first test. */
const examples: Readonly<Record<string, Example>> = {
  adminUsers: { status: 200 },
  adminCreateUser: {
    make: async () => ({ json: { username: nameOf('made'), roles: ['editor'] } }),
    status: 201,
    event: 'user_created',
  },
  adminUser: { make: aUser, status: 200 },
  adminUpdateUser: { make: aUserAnd({ name: 'Jane' }), status: 200, event: 'user_updated' },
  adminDeleteUser: { make: aUser, status: 204, event: 'user_deleted' },
  adminDisableUser: { make: aUser, status: 204, event: 'user_disabled' },
  adminEnableUser: { make: aUser, status: 204, event: 'user_enabled' },
  adminSetPassword: { make: aUser, status: 200, event: 'password_changed' },
  adminSetRoles: { make: aUserAnd({ roles: [] }), status: 200, event: 'user_roles_changed' },
  adminSessions: { make: aUser, status: 200 },
  adminSession: { make: aUsersSession, status: 200 },
  adminEndSessions: { make: aUser, status: 204, event: 'sessions_ended' },
  adminEndSession: {
    make: aUsersSession,
    status: 204,
    event: 'session_ended',
  },
  adminStats: { status: 200 },
  adminClients: { status: 200 },
  adminCreateClient: {
    make: async () => ({ json: { name: nameOf('made ') } }),
    status: 201,
    event: 'client_created',
  },
  adminRotateClientSecret: { make: aClient, status: 200, event: 'client_secret_rotated' },
  adminDeleteClient: { make: aClient, status: 204, event: 'client_deleted' },
  adminKeys: { status: 200 },
  adminAudit: { status: 200 },
  adminThrottled: { status: 200 },
  adminUnthrottle: {
    make: async () => {
      const { username } = await signUp();
      for (let n = 0; n < 10; n++) await server.login(username, 'a wrong guess');
      const { throttled } = await app.latchkey.throttling.list();
      const waiting = throttled.find(({ user }) => user?.username === username);
      return { params: { id: waiting?.id ?? '' } };
    },
    status: 204,
    event: 'user_unthrottled',
  },
  adminRotateKey: {
    make: async () => ({ json: { now: true } }),
    status: 200,
    event: 'key_rotated',
  },
  adminRevokeKey: {
    make: async () => {
      const { keyRotation } = internalsOf(app).auth;
      const key = await keyRotation.rotate({ algorithm: 'ES256', isUrgent: false });
      return { params: { kid: key.kid } };
    },
    status: 204,
    event: 'key_revoked',
  },
};

const routes = Object.entries(DEFAULT_ROUTES)
  .filter(([, address]) => address.includes('/auth/admin/'))
  .map(([name, address]) => {
    const [method = '', path = ''] = address.split(' ');
    return { name, method, path, example: examples[name] };
  });

function fill(path: string, params: Readonly<Record<string, string>> = {}): string {
  return path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? UNKNOWN_ID);
}

type Route = (typeof routes)[number];

/** Sends what the example of a route has. */
async function ask(
  { method, path, example }: Route,
  how: TestRequest,
  to = server,
): Promise<TestAnswer> {
  const { params, json } = (await example?.make?.()) ?? {};
  const body = json === undefined ? {} : { json };
  return to.send(fill(path, params), { method, ...body, ...how });
}

/** The latest event. Events of one millisecond are in no order, so later ones get another. */
async function latest(): Promise<string | undefined> {
  clock.step(0.001);
  return (await audit.list({}, { limit: 1 })).events[0]?.id;
}

suite('the routes of administration', () => {
  test('all have an example here', () => {
    assert.deepEqual(Object.keys(examples).sort(), routes.map(({ name }) => name).sort());
  });

  for (const route of routes) {
    const { name, method, path, example } = route;

    test(`${name} refuses everybody who is not an administrator, and changes nothing`, async () => {
      const admin = await signUp(['admin']);
      const wrongs: Record<string, () => Promise<TestRequest> | TestRequest> = {
        'no token': () => ({}),
        'a token of a user without roles': async () => ({ token: (await signUp()).token }),
        'a token of a user with another role': async () => ({
          token: (await signUp(['administrator', 'Admin', 'admin:x'])).token,
        }),
        'a refresh token': () => ({ token: admin.refreshToken }),
        'a key of a client': async () => ({
          token: (await clients.create({ name: nameOf('key '), kind: 'guard' })).key,
        }),
        'a challenge': async () => {
          const other = await signUp(['admin']);
          await users.requirePasswordChange(other.id);
          return { token: (await server.login(other.username)).body['challenge'] };
        },
        'a token with another signature': () => ({ token: `${admin.token.slice(0, -6)}AAAAAA` }),
        'a password': () => ({
          headers: { authorization: `Basic ${btoa(`${admin.username}:${PASSWORD}`)}` },
        }),
        'a token of an administrator who signed out': async () => {
          const other = await signUp(['admin']);
          await send('/auth/logout', { method: 'POST', token: other.token });
          return { token: other.token };
        },
        'a cookie from another site': () => ({
          cookies: { latchkey_access: admin.token },
          headers: { origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' },
        }),
      };
      for (const [what, build] of Object.entries(wrongs)) {
        const how = await build();
        const { params, json } = (await example?.make?.()) ?? {};
        const before = await latest();
        const body = json === undefined ? {} : { json };
        const answer = await send(fill(path, params), { method, ...body, ...how });
        assert.ok([401, 403].includes(answer.status), `${what}: ${answer.status}`);
        assertProblem(answer, answer.status, what);
        assert.equal(await latest(), before, `${what} left an event`);
      }
    });

    test(`${name} asks the database who is an administrator now`, async () => {
      // As on a node that has not read the log: its index does not hold the revocation yet.
      const { index } = internalsOf(app).auth.revocations;
      const isRevoked = index.isRevoked.bind(index);
      for (const act of [
        (id: string) => users.setRoles(id, []),
        (id: string) => users.disable(id),
        (id: string) => users.delete(id),
        (id: string) => users.setPassword(id, 'another good one'),
      ]) {
        const admin = await signUp(['admin']);
        const { params, json } = (await example?.make?.()) ?? {};
        await act(admin.id);
        const body = json === undefined ? {} : { json };
        const before = await latest();
        index.isRevoked = () => false;
        try {
          const answer = await send(fill(path, params), { method, ...body, token: admin.token });
          assert.ok([401, 403].includes(answer.status), `${act}: ${answer.status}`);
        } finally {
          index.isRevoked = isRevoked;
        }
        assert.equal(await latest(), before);
      }
    });

    if (example?.event === undefined) {
      test(`${name} only reads, also long after the sign-in`, async () => {
        const { token } = await signUp(['admin']);
        clock.step(700);
        const { params } = (await example?.make?.()) ?? {};
        const before = await latest();
        const answer = await send(fill(path, params), { method, token });
        assert.equal(answer.status, example?.status, answer.text);
        assert.equal(await latest(), before);
      });
      continue;
    }

    test(`${name} needs a fresh authentication, and leaves its event`, async () => {
      const admin = await signUp(['admin']);
      clock.step(600.001);
      const stale = await ask(route, { token: admin.token });
      assertProblem(stale, 401);
      assert.equal(stale.body['code'], 'insufficient_user_authentication');
      assert.match(stale.headers.get('www-authenticate') ?? '', /max_age="600"/);
      const renewed = await send('/auth/reauthenticate', {
        json: { password: PASSWORD },
        token: admin.token,
      });
      const answer = await ask(route, { token: renewed.body['access_token'] });
      assert.equal(answer.status, example.status, answer.text);
      const [event] = (await audit.list({ types: [example.event ?? 'login_failed'] })).events;
      assert.deepEqual(event?.actor, { kind: 'user', id: admin.id });
      assert.equal(event?.outcome, 'success');
      assert.equal(event?.address, '127.0.0.1');
      assert.notEqual(event?.subject.id, null);
    });

    if (!path.includes(':')) continue;
    test(`${name} answers 404 to an unknown id`, async () => {
      const { token } = await signUp(['admin']);
      const { json } = (await example?.make?.()) ?? {};
      const body = json === undefined ? {} : { json };
      for (const id of [UNKNOWN_ID, 'x', '%00', `${'x'.repeat(100)}`]) {
        const before = await latest();
        const unknown = path.replace(/:\w+/g, id);
        const answer = await send(unknown, { method, ...body, token });
        assertProblem(answer, 404, unknown);
        assert.equal(await latest(), before);
      }
    });
  }

  test('lists go page by page', async () => {
    const { token } = await signUp(['admin']);
    const ask = (query: string) => send(`/auth/admin/clients${query}`, { token });
    await aClient();
    await aClient();
    const all = (await ask('')).body['clients'].map((it: { id: string }) => it.id);
    const pages: string[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const { body }: TestAnswer = await ask(`?limit=1${next === '' ? '' : `&after=${next}`}`);
      pages.push(...body['clients'].map((it: { id: string }) => it.id));
      next = body['next_cursor'];
    }
    assert.deepEqual(pages, all);
    for (const query of ['?limit=0', '?limit=201', '?after=nothing', '?page=2']) {
      assertProblem(await ask(query), 400, query);
    }
  });
});

test("the routes exist in a host's app only where it names the role", async () => {
  const without = await startHost({}, () => {});
  const staff = await startHost({ admin: { role: 'staff' } }, () => {});
  for (const host of [without, staff]) {
    const statuses = new Set<string>();
    for (const role of ['staff', 'admin']) {
      const username = nameOf('host');
      await host.app.latchkey.users.create({ username, password: PASSWORD, roles: [role] });
      const token = (await host.login(username)).body['access_token'];
      statuses.add(`${role} ${(await host.send('/auth/admin/keys', { token })).status}`);
    }
    assert.deepEqual(
      [...statuses],
      host === without ? ['staff 404', 'admin 404'] : ['staff 200', 'admin 403'],
    );
  }
  await assert.rejects(
    startHost({ admin: { role: '' } }, () => {}),
    { message: /^admin: give a role/ },
  );
});

suite('administrators', () => {
  const protectedActs = {
    adminUpdateUser: { email: 'new@example.com' },
    adminSetPassword: undefined,
    adminSetRoles: { roles: [] },
  } as const;

  for (const [name, json] of Object.entries(protectedActs)) {
    test(`${name} changes no administrator, oneself included, and leaves an event`, async () => {
      const [admin, other] = [await signUp(['admin']), await signUp(['admin', 'editor'])];
      const [method = '', path = ''] = DEFAULT_ROUTES[name as 'adminSetRoles'].split(' ');
      for (const { id } of [admin, other]) {
        const before = await users.find({ id });
        const body = json === undefined ? {} : { json };
        const answer = await send(fill(path, { id }), { method, ...body, token: admin.token });
        assertProblem(answer, 403);
        assert.equal(answer.body['code'], 'administrator_protected');
        assert.deepEqual(await users.find({ id }), before);
        const refused = { types: ['administration_refused'], subjectId: id } as const;
        const [event] = (await audit.list(refused)).events;
        assert.deepEqual(event?.actor, { kind: 'user', id: admin.id });
        assert.deepEqual(event?.subject, { kind: 'user', id });
        assert.equal(event?.reason, 'administrator');
      }
    });
  }

  test('the last enabled one can be neither disabled nor deleted, until there is another', async () => {
    const host = await startHost({ admin: { role: 'boss' } }, () => {});
    const { users: staff } = host.app.latchkey;
    const create = async (username: string) => {
      const { id } = await staff.create({ username, password: PASSWORD, roles: ['boss'] });
      return { id, token: (await host.login(username)).body['access_token'] };
    };
    const only = await create('only');
    const disabled = await create('disabled');
    await staff.disable(disabled.id);
    const ask = (method: string, path: string, token = only.token) =>
      host.send(`/auth/admin/users/${path}`, { method, token });
    for (const [method, path] of [
      ['POST', `${only.id}/disable`],
      ['DELETE', only.id],
    ] as const) {
      const answer = await ask(method, path);
      assertProblem(answer, 403);
      assert.equal(answer.body['code'], 'last_administrator');
    }
    assert.equal((await ask('DELETE', disabled.id)).status, 204);
    const second = await create('second');
    assert.equal((await ask('POST', `${only.id}/disable`, second.token)).status, 204);
    assert.equal((await ask('DELETE', second.id, second.token)).status, 403);
    assert.equal((await ask('POST', `${only.id}/enable`, second.token)).status, 204);
    assert.equal((await ask('DELETE', second.id, second.token)).status, 204);
    // The command line may.
    await staff.disable(only.id);
  });

  test('can be made by an administrator, and not by registration', async () => {
    const { token } = await signUp(['admin']);
    const user = await signUp();
    const answer = await send(`/auth/admin/users/${user.id}/roles`, {
      method: 'PUT',
      json: { roles: ['admin'] },
      token,
    });
    assert.deepEqual(answer.body['roles'], ['admin']);
    assertProblem(await server.register(nameOf('sly'), { roles: ['admin'] }), 400);
  });
});

suite('users for administrators', () => {
  test('get a password that works for a day, and only to choose another', async () => {
    const { token } = await signUp(['admin']);
    const username = nameOf('temp');
    const json = { username, email: `${username}@example.com`, name: 'Temp' };
    const created = await send('/auth/admin/users', { json, token });
    assert.equal(created.status, 201, created.text);
    const { id, password } = created.body;
    assert.match(password, /^([0-9a-hjkmnp-tv-z]{4}-){4}[0-9a-hjkmnp-tv-z]{4}$/);
    assert.equal(
      created.body['password_expires_at'],
      new Date(clock.now() + 86_400_000).toISOString(),
    );
    const first = await server.login(username, password);
    assert.equal(first.body['code'], 'password_change_required');
    const chosen = { challenge: first.body['challenge'], new_password: 'one of my own' };
    assert.equal((await send('/auth/password', { json: chosen })).status, 200);
    clock.step(90_000);
    assert.equal((await server.login(username, 'one of my own')).status, 200);

    const { token: again } = await signUp(['admin']);
    const set = await send(`/auth/admin/users/${id}/password`, { method: 'POST', token: again });
    assert.equal((await server.login(username, 'one of my own')).status, 401);
    clock.step(86_399);
    const late = await server.login(username, set.body['password']);
    assert.equal(late.body['code'], 'password_change_required');
    clock.step(1);
    const expired = await server.login(username, set.body['password']);
    assert.equal(expired.body['code'], 'invalid_credentials');
    const { events } = await audit.list({ types: ['login_failed'] }, { limit: 1 });
    assert.equal(events[0]?.reason, 'password_expired');
  });

  test('are changed member by member, and keep their names to themselves', async () => {
    const { token } = await signUp(['admin']);
    const [user, other] = [await signUp(), await signUp()];
    const change = (json: unknown) =>
      send(`/auth/admin/users/${user.id}`, { method: 'PATCH', json, token });
    const changed = await change({ email: 'Some@Example.com', name: 'Some One' });
    assert.equal(changed.status, 200, changed.text);
    const { email, name, username } = changed.body;
    assert.deepEqual([email, name, username], ['Some@Example.com', 'Some One', user.username]);
    const [event] = (await audit.list({ types: ['user_updated'] }, { limit: 1 })).events;
    assert.deepEqual(event?.changes, { fields: ['email', 'name'] });
    assert.equal((await server.login('some@example.com')).status, 200);
    assert.equal((await change({ username: other.username })).body['code'], 'username_taken');
    assert.equal((await change({ name: null, username: null })).body['username'], null);
    for (const wrong of [{}, { email: null }, { roles: ['admin'] }, { password: 'x' }, { id: 1 }]) {
      assertProblem(await change(wrong), 400, JSON.stringify(wrong));
    }
    // The access token named the user as before.
    assert.equal((await send('/auth/me', { token: user.token })).status, 401);
  });

  test('are found by the beginning of either name, with filters, page by page', async () => {
    const { token } = await signUp(['admin']);
    const prefix = `søk${made++}`;
    const give = [
      { username: `${prefix}a`, email: `${prefix}b@example.com`, roles: ['editor'] },
      { username: `${prefix}c` },
      { username: nameOf('other'), email: `${prefix}d@example.com`, roles: ['editor'] },
      { username: `x${prefix}` },
    ];
    const ids: string[] = [];
    clock.step(1);
    const start = clock.now();
    for (const it of give) {
      ids.push((await users.create(it)).id);
      clock.step(1);
    }
    await users.disable(ids[1] ?? '');
    const [a, c, d] = ids;
    const find = async (query: string) => {
      const found: string[] = [];
      for (let next: string | null = ''; next !== null; ) {
        const after: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`;
        const { body, status, text } = await send(`/auth/admin/users?${query}${after}`, { token });
        assert.equal(status, 200, text);
        found.push(...body['users'].map((it: { id: string }) => it.id));
        next = body['next_cursor'];
      }
      return found;
    };
    const search = `search=${encodeURIComponent(prefix.toUpperCase())}`;
    for (const limit of [1, 2, 100]) {
      assert.deepEqual(await find(`${search}&limit=${limit}`), [a, c, d], `${limit}`);
      assert.deepEqual(await find(`${search}&limit=${limit}&role=editor`), [a, d]);
      assert.deepEqual(await find(`${search}&limit=${limit}&disabled=true`), [c]);
      assert.deepEqual(await find(`${search}&limit=${limit}&disabled=false`), [a, d]);
    }
    const since = `created_since=${new Date(start).toISOString()}`;
    const until = `created_until=${new Date(start + 4_000).toISOString()}`;
    assert.deepEqual(await find(`${since}&limit=2`), ids);
    assert.deepEqual(await find(`${since}&${until}&role=editor&limit=1`), [a, d]);
    assert.deepEqual(await find(`${since}&disabled=true`), [c]);
    assert.deepEqual(await find(`${until}&${search}&disabled=false&role=editor`), [a, d]);
    assert.deepEqual(await find('search=nothing-like-it'), []);
    for (const wrong of [
      'disabled=1',
      'created_since=now',
      'after=x',
      'roles=x',
      `${search}&after=!`,
    ]) {
      assertProblem(await send(`/auth/admin/users?${wrong}`, { token }), 400, wrong);
    }
  });

  test('have sessions that can be seen and ended', async () => {
    const { token } = await signUp(['admin']);
    const user = await signUp();
    clock.step(1);
    await server.login(user.username);
    const path = `/auth/admin/users/${user.id}/sessions`;
    const list = async () => (await send(path, { token })).body['sessions'];
    const [latest, first] = await list();
    assert.equal(latest.current, false);
    assert.equal((await send(`${path}/${first.id}`, { method: 'DELETE', token })).status, 204);
    assert.equal((await send('/auth/me', { token: user.token })).status, 401);
    assert.equal((await send(`${path}/${first.id}`, { method: 'DELETE', token })).status, 404);
    assert.equal((await send(path, { method: 'DELETE', token })).status, 204);
    assert.deepEqual(await list(), []);
  });

  test('are counted', async () => {
    const { token } = await signUp(['admin']);
    clock.step(11);
    const { body } = await send('/auth/admin/stats', { token });
    assert.ok(body['users'].total > 10 && body['users'].administrators > 5);
    assert.ok(body['sessions'].live > 10 && body['users'].disabled > 0);
    assert.ok(body['events'].by_type.login_succeeded > 0);
    const again = await send('/auth/admin/stats', { token });
    assert.deepEqual(again.body, body);
  });
});
