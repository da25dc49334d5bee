import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { repetitionsOf } from '../../scripts/proofs.ts';
import type { Administration } from '../../src/auth/administration/administration.ts';
import { createAdministrator } from '../../src/auth/administration/administrator.ts';
import { anonymousCaller } from '../../src/auth/audit/caller.ts';
import type { AuditEventType } from '../../src/auth/audit/event.ts';
import type { Auth } from '../../src/auth/auth.ts';
import { createAuth } from '../../src/auth/create-auth.ts';
import type { Store } from '../../src/auth/ports/store.ts';
import type { Principal } from '../../src/auth/sessions/principal.ts';
import type { IssuedTokens } from '../../src/auth/sessions/tokens/issued-tokens.ts';
import { createVerifier, type Verifier } from '../../src/guard/verify/access-token-verifier.ts';
import { isLatchkeyError } from '../../src/kernel/errors.ts';
import { systemClock } from '../../src/kernel/system-clock.ts';
import { systemRandom } from '../../src/kernel/system-random.ts';
import { openPostgresStore, openSqliteStore } from '../../src/store/index.ts';
import { temporaryFolder } from '../store/folder.ts';
import { expectTokens, TEST_SETTINGS, TestHasher } from '../support/auth.ts';
import { startPostgres } from '../support/postgres.ts';

const ROUNDS = repetitionsOf('TEST_MOMENT_ROUNDS');
const ROLE = 'boss';
const PASSWORD = 'correct horse';

const postgres = await startPostgres(['deadlock_timeout=100ms']);

/** One of two nodes on a database. */
interface Node {
  readonly auth: Auth;
  readonly administration: Administration;
  readonly verifier: Verifier;
}

async function openNode(store: Store): Promise<Node> {
  const { issuer, audience } = TEST_SETTINGS;
  const clock = systemClock;
  const auth = await createAuth({
    settings: TEST_SETTINGS,
    store,
    clock,
    hasher: new TestHasher(),
    random: systemRandom,
  });
  const revocations = auth.revocations.index;
  const keys = auth.keys.verification;
  const verifier = createVerifier({ keys, issuer, audience, clock, revocations });
  auth.keys.onChange((changed) => verifier.setKeys(changed));
  return { auth, verifier, administration: await auth.loadAdministration() };
}

type Nodes = readonly [Node, Node];

const databases: Readonly<Record<string, (t: TestContext) => Promise<() => Promise<Store>>>> = {
  SQLite: async (t) => {
    const path = join(temporaryFolder(t), 'latchkey.db');
    return () => openSqliteStore({ path });
  },
  PostgreSQL: async () => {
    const url = await postgres.createDatabase();
    return () => openPostgresStore({ url });
  },
};

async function openNodes(t: TestContext, database: string): Promise<Nodes> {
  const open = await databases[database]?.(t);
  assert.ok(open);
  const stores = [await open(), await open()] as const;
  t.after(() => Promise.all(stores.map((it) => it.close())));
  return [await openNode(stores[0]), await openNode(stores[1])];
}

let made = 0;

/** A user with these roles who has signed in. */
async function signIn({ auth }: Node, roles: readonly string[]): Promise<IssuedTokens> {
  const username = `user${made++}`;
  await auth.users.create({ username, password: PASSWORD, roles });
  return expectTokens(await auth.login({ username, password: PASSWORD }));
}

const principalOf = ({ user, session }: IssuedTokens): Principal => ({
  sub: user.id,
  sid: session.id,
});
const administratorOf = (tokens: IssuedTokens) =>
  createAdministrator(principalOf(tokens), anonymousCaller, ROLE);

interface Given {
  readonly mine: IssuedTokens;
  readonly admin: IssuedTokens;
}

interface Act {
  /** @returns the tokens that it issued */
  readonly run: (node: Node, given: Given) => Promise<IssuedTokens | undefined>;
  /** What each success leaves once. */
  readonly event?: AuditEventType;
}

const none = async (act: Promise<unknown>) => {
  await act;
  return undefined;
};

/** All that people and administrators do with one account. */
const acts: Readonly<Record<string, Act>> = {
  login: {
    run: async ({ auth }, { mine }) => {
      const username = mine.user.username ?? '';
      const result = await auth.login({ username, password: PASSWORD });
      return 'challenge' in result ? undefined : result;
    },
  },
  refresh: { run: ({ auth }, { mine }) => auth.refresh(mine.refreshToken) },
  reauthenticate: {
    run: ({ auth }, { mine }) => auth.reauthenticate(principalOf(mine), { password: PASSWORD }),
    event: 'reauthenticated',
  },
  'change the password': {
    run: ({ auth }, { mine }) =>
      auth.changePassword(principalOf(mine), {
        current_password: PASSWORD,
        new_password: 'battery staple',
      }),
    event: 'password_changed',
  },
  logout: { run: ({ auth }, { mine }) => none(auth.logout(principalOf(mine))) },
  disable: {
    run: ({ administration: { users } }, { mine, admin }) =>
      none(users.disable(mine.user.id, administratorOf(admin))),
    event: 'user_disabled',
  },
  enable: {
    run: ({ administration: { users } }, { mine, admin }) =>
      none(users.enable(mine.user.id, administratorOf(admin))),
    event: 'user_enabled',
  },
  'change the roles': {
    run: ({ administration: { users } }, { mine, admin }) =>
      none(users.setRoles(mine.user.id, { roles: [`r${made++}`] }, administratorOf(admin))),
    event: 'user_roles_changed',
  },
  rename: {
    run: ({ administration: { users } }, { mine, admin }) =>
      none(users.update(mine.user.id, { username: `name${made++}` }, administratorOf(admin))),
    event: 'user_updated',
  },
  'set a password': {
    run: ({ administration: { users } }, { mine, admin }) =>
      none(users.setPassword(mine.user.id, administratorOf(admin))),
    event: 'password_changed',
  },
  'end the session': {
    run: ({ administration: { users } }, { mine, admin }) =>
      none(users.endSession(mine.user.id, mine.session.id, administratorOf(admin))),
  },
  'end all sessions': {
    run: ({ administration: { users } }, { mine, admin }) =>
      none(users.endSessions(mine.user.id, administratorOf(admin))),
    event: 'sessions_ended',
  },
  delete: {
    run: ({ administration: { users } }, { mine, admin }) =>
      none(users.delete(mine.user.id, administratorOf(admin))),
    event: 'user_deleted',
  },
};

/** What refusing an act may look like. Anything else, such as a deadlock or a lost connection, is a failure. */
const REFUSALS = new Set([
  'invalid_credentials',
  'account_disabled',
  'session_ended',
  'user_gone',
  'token_revoked',
  'not_found',
]);

type Outcome = { readonly tokens: IssuedTokens | undefined } | { readonly refused: string };

async function settle(act: Promise<IssuedTokens | undefined>): Promise<Outcome> {
  try {
    return { tokens: await act };
  } catch (error) {
    if (isLatchkeyError(error) && REFUSALS.has(error.code)) return { refused: error.code };
    throw error;
  }
}

/** Whether an access token is accepted by a node that has read the log. */
async function isAccepted({ auth, verifier }: Node, token: string): Promise<boolean> {
  await auth.revocations.catchUp();
  try {
    verifier.verify(token);
    return true;
  } catch {
    return false;
  }
}

/** Asserts what must hold after any two acts, in whichever order they took effect. */
async function assertSound(
  nodes: Nodes,
  { mine }: Given,
  outcomes: readonly Outcome[],
  name: string,
): Promise<void> {
  const [{ auth }] = nodes;
  const user = await auth.users.find({ id: mine.user.id });
  const issued = [mine, ...outcomes.flatMap((it) => ('tokens' in it ? (it.tokens ?? []) : []))];
  const { sessions } = await auth.listSessions({ sub: mine.user.id, sid: '' });
  const live = new Set(sessions.map(({ id }) => id));
  if (user === undefined || user.disabledAt !== null) {
    assert.equal(live.size, 0, `${name}: a session outlives its user`);
  }
  for (const tokens of issued) {
    const isLive = live.has(tokens.session.id);
    for (const node of nodes) {
      if (!(await isAccepted(node, tokens.accessToken))) continue;
      assert.ok(isLive, `${name}: an access token outlives its session`);
      const { roles = [], username } = node.verifier.verify(tokens.accessToken);
      assert.deepEqual(roles, user?.roles, `${name}: a token has the roles from before`);
      assert.equal(username, user?.username, `${name}: a token has the name from before`);
    }
    const found = await auth.findRefreshToken(tokens.refreshToken);
    if (!isLive) assert.equal(found, undefined, `${name}: a refresh token outlives its session`);
  }
}

async function assertEvents(
  { auth }: Node,
  subjectId: string,
  names: readonly string[],
  outcomes: readonly Outcome[],
): Promise<void> {
  const { events } = await auth.audit.list({ subjectId });
  const expected = new Map<AuditEventType, number>();
  for (const [at, name] of names.entries()) {
    const event = acts[name]?.event;
    if (event === undefined) continue;
    expected.set(event, (expected.get(event) ?? 0) + ('tokens' in (outcomes[at] ?? {}) ? 1 : 0));
  }
  for (const [type, count] of expected) {
    const written = events.filter((it) => it.type === type).length;
    assert.equal(written, count, `${names.join(', ')}: events ${type}`);
  }
}

const names = Object.keys(acts);
const pairs = names.flatMap((one, at) => names.slice(at).map((other) => [one, other] as const));

for (const database of Object.keys(databases)) {
  test(`two acts at the same moment on one account leave it sound, on ${database}, in ${ROUNDS} rounds of each pair`, async (t) => {
    const nodes = await openNodes(t, database);
    const [left, right] = nodes;
    const admin = await signIn(left, [ROLE]);
    for (const [one, other] of pairs) {
      for (let round = 0; round < ROUNDS; round++) {
        const given = { mine: await signIn(left, ['editor']), admin };
        const order = round % 2 === 0 ? ([one, other] as const) : ([other, one] as const);
        const [first, second] = order.map((name) => acts[name]);
        assert.ok(first && second);
        const outcomes = await Promise.all([
          settle(first.run(left, given)),
          settle(second.run(right, given)),
        ]);
        await assertSound(nodes, given, outcomes, order.join(', '));
        await assertEvents(left, given.mine.user.id, order, outcomes);
      }
    }
  });

  test(`of two administrators who remove each other or themselves, one stays, on ${database}, in ${ROUNDS} rounds`, async (t) => {
    const [left, right] = await openNodes(t, database);
    const ways = {
      demote: ({ users }: Administration, id: string, by: IssuedTokens) =>
        users.setRoles(id, { roles: [] }, administratorOf(by)),
      disable: ({ users }: Administration, id: string, by: IssuedTokens) =>
        users.disable(id, administratorOf(by)),
      delete: ({ users }: Administration, id: string, by: IssuedTokens) =>
        users.delete(id, administratorOf(by)),
    };
    const all = Object.keys(ways) as (keyof typeof ways)[];
    for (const one of all) {
      for (const other of all) {
        for (const target of ['the other', 'oneself'] as const) {
          for (let round = 0; round < ROUNDS; round++) {
            const [a, b] = [await signIn(left, [ROLE]), await signIn(left, [ROLE])];
            const [ofA, ofB] = target === 'oneself' ? [a, b] : [b, a];
            const results = await Promise.allSettled([
              ways[one](left.administration, ofA.user.id, a),
              ways[other](right.administration, ofB.user.id, b),
            ]);
            const name = `${one}, ${other}, ${target}`;
            const removed = results.filter(({ status }) => status === 'fulfilled').length;
            // No administrator is demoted by HTTP. Where both remove, one of them does.
            const isRemoving = [one, other].some((way) => way !== 'demote');
            assert.equal(removed, isRemoving ? 1 : 0, name);
            for (const result of results) {
              if (result.status === 'fulfilled') continue;
              const { code } = result.reason;
              assert.match(
                code,
                /^(administrator_protected|last_administrator|token_revoked|insufficient_role)$/,
                name,
              );
            }
            const after = await Promise.all(
              [a, b].map(({ user }) => left.auth.users.find({ id: user.id })),
            );
            const enabled = after.filter((it) => it !== undefined && it.disabledAt === null);
            assert.equal(enabled.length, 2 - removed, name);
            for (const it of enabled) await left.auth.users.delete(it?.id ?? '');
          }
        }
      }
    }
  });
}
