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

/** One success of each route. A route that is missing here fails the first test. */
const examples: Readonly<Record<string, Example>> = {
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

async function latest(): Promise<string | undefined> {
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
        const before = await latest();
        const answer = await ask(route, { token });
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
