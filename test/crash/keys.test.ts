import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { repetitionsOf } from '../../scripts/proofs.ts';
import { SealedKeyRepository } from '../../src/auth/keys/sealed-key-repository.ts';
import { systemClock } from '../../src/kernel/system-clock.ts';
import { systemRandom } from '../../src/kernel/system-random.ts';
import { openLatchkey, openStore } from '../../src/system/latchkey.ts';
import {
  call,
  collect,
  createFolder,
  type RunningServer,
  spawnCli,
  startServer,
} from '../cli/cli.ts';
import { expectTokens } from '../support/auth.ts';
import { startPostgres } from '../support/postgres.ts';

/** How many commands are killed, each at a random step. Infinity: at every step, one after another. */
const crashes = repetitionsOf('TEST_KEY_CRASHES');

const issuer = 'https://auth.example';
const password = 'correct horse battery';
const newSecret = () => randomBytes(32).toString('base64url');

interface Steps {
  readonly kind: 'file' | 'commit' | 'query';
  /** About how many a command takes. */
  readonly most: number;
}

/** A database, who serves it, and what was ever signed there. */
class Place {
  readonly folder: string;
  /** Where the secret is in the environment. */
  secret: string | undefined;
  readonly #databaseUrl: string;
  readonly #tokens: { readonly kid: string; readonly access: string }[] = [];
  readonly #revoked = new Set<string>();
  #refresh: string | undefined;
  /** The newest root key for data. */
  #dataRoot: string | undefined;

  constructor(folder: string, databaseUrl: string, secret: string | undefined) {
    this.folder = folder;
    this.#databaseUrl = databaseUrl;
    this.secret = secret;
  }

  get variables(): Readonly<Record<string, string>> {
    return {
      LATCHKEY_DATABASE_URL: this.#databaseUrl,
      ...(this.secret === undefined ? {} : { LATCHKEY_SECRET: this.secret }),
    };
  }

  /** The key that signed last. */
  get kid(): string {
    return this.#tokens.at(-1)?.kid ?? '';
  }

  /** The key that may be revoked or not. */
  revoking: string | undefined;

  /** A command said that it is. */
  revoked(kid: string): void {
    this.revoking = undefined;
    this.#revoked.add(kid);
  }

  /** Whether refresh tokens are worth nothing, so that everybody signs in again. */
  endsSessions = false;

  /** Runs a command to its end, or to the step at which it is to die. @returns whether it did */
  async run(args: readonly string[], { dieAt = '', input = '' } = {}): Promise<boolean> {
    const seam = import.meta.resolve('./die-at.ts');
    const dying = { NODE_OPTIONS: `--import=${seam}`, TEST_DIE_AT: dieAt };
    const child = spawnCli(this.folder, args, { ...this.variables, ...(dieAt && dying) });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const { code, stderr } = await collect(child);
    if (dieAt !== '' && child.signalCode === 'SIGKILL') return true;
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return false;
  }

  /** Starts again on the same data, and checks that all is in order: here, and on the server that kept running. */
  async check(server: RunningServer): Promise<void> {
    const node = await openLatchkey({
      databaseUrl: this.#databaseUrl,
      dataDir: join(this.folder, 'data'),
      ...(this.secret === undefined ? {} : { secret: this.secret }),
      issuer,
      refreshGrace: 0,
      // Outlives the longest run.
      accessTokenTtl: '1d',
      hashing: { memoryCost: 8, timeCost: 1, threads: 1 },
      env: {},
      envFile: false,
    });
    try {
      const keys = await node.auth.keyRotation.list();
      for (const { kid, access } of this.#tokens) {
        const key = keys.find((it) => it.kid === kid);
        assert.ok(key, 'a key that signed is there');
        const isRevoked = key.revokedAt !== null;
        if (kid !== this.revoking) assert.equal(isRevoked, this.#revoked.has(kid));
        if (isRevoked) assert.throws(() => node.verify(access));
        else node.verify(access);
      }
      const signIn =
        this.#refresh === undefined || this.endsSessions
          ? await this.#signIn(node.auth)
          : await node.auth.refresh(this.#refresh);
      node.verify(signIn.accessToken);
      const kids = node.auth.keys.verification.map((key) => key.kid);
      // The test's own timeout is the bound.
      while ((await listKids(server)).join() !== kids.toSorted().join()) await sleep(20);
      const answer = await call(`${server.url}/auth/verify`, { token: signIn.accessToken });
      assert.equal(answer.status, 200, 'the server that runs knows the key that signs');
      this.#refresh = signIn.refreshToken;
      this.#tokens.push({ kid: readKid(signIn.accessToken), access: signIn.accessToken });
    } finally {
      await node.close();
    }
    await this.#checkData();
  }

  /** Data sealed under the root key can be read, unless another party may have the key. */
  async #checkData(): Promise<void> {
    const url = this.#databaseUrl;
    const database = url.startsWith('sqlite:')
      ? ({ kind: 'sqlite', path: url.slice('sqlite:'.length) } as const)
      : ({ kind: 'postgres', url } as const);
    const store = await openStore({ database });
    try {
      const file = join(this.folder, 'data', 'secret');
      const secret = this.secret ?? readFileSync(file, 'utf8').trim();
      const vault = await SealedKeyRepository.open({
        store,
        secret,
        clock: systemClock,
        random: systemRandom,
      });
      const ids = vault.roots.data.map(({ id }) => id);
      assert.ok(this.#dataRoot === undefined || this.endsSessions || ids.includes(this.#dataRoot));
      this.#dataRoot = ids[0];
    } finally {
      await store.close();
    }
  }

  async #signIn(auth: Awaited<ReturnType<typeof openLatchkey>>['auth']) {
    const user = { username: 'ann', password };
    if (this.#tokens.length === 0) return auth.register(user);
    return expectTokens(await auth.login(user));
  }
}

function readKid(token: string): string {
  const header = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString();
  return String(JSON.parse(header).kid);
}

async function listKids({ url }: RunningServer): Promise<string[]> {
  const { keys } = (await call(`${url}/.well-known/jwks.json`)).body;
  return Array.isArray(keys) ? keys.map(({ kid }) => String(kid)).toSorted() : [];
}

/** Kills a command, looks, runs it to its end, looks again. */
interface Scenario {
  readonly name: string;
  readonly steps: readonly Steps[];
  act(place: Place, run: (args: readonly string[], input?: string) => Promise<void>): Promise<void>;
}

function scenariosOf(steps: readonly Steps[]): Scenario[] {
  const ofDatabase = steps.filter(({ kind }) => kind !== 'file');
  return [
    { name: 'keys rotate', steps: ofDatabase, act: (_, run) => run(['keys', 'rotate', '--now']) },
    {
      name: 'keys revoke',
      steps: ofDatabase,
      async act(place, run) {
        const { kid } = place;
        place.revoking = kid;
        await run(['keys', 'revoke', '--', kid]);
        place.revoked(kid);
      },
    },
    {
      name: 'secret rotate',
      steps,
      async act(place, run) {
        if (place.secret === undefined) return run(['secret', 'rotate']);
        const next = newSecret();
        await run(['secret', 'rotate'], next);
        place.secret = next;
        await run(['secret', 'rotate', '--finish']);
      },
    },
    {
      name: 'secret rotate --compromised',
      steps,
      async act(place, run) {
        const next = place.secret === undefined ? undefined : newSecret();
        await run(['secret', 'rotate', '--compromised'], next);
        place.secret = next;
        place.endsSessions = true;
        await run(['secret', 'rotate', '--finish']);
      },
    },
  ];
}

async function crashKeys(t: TestContext, place: Place, steps: readonly Steps[]): Promise<void> {
  const server = await startServer(t, place.folder, ['--issuer', issuer], place.variables);
  await place.check(server);
  const died: string[] = [];
  const scenarios = scenariosOf(steps);

  const go = async ({ name, act }: Scenario, dieAt: string) => {
    let hasDied = false;
    await act(place, async (args, input) => {
      const said = input === undefined ? { dieAt } : { dieAt, input };
      if (await place.run(args, said)) {
        hasDied = true;
        died.push(`${name} ${dieAt}`);
        await place.check(server);
        await place.run(args, input === undefined ? {} : { input });
      }
    });
    await place.check(server);
    place.endsSessions = false;
    return hasDied;
  };

  if (crashes === Number.POSITIVE_INFINITY) {
    for (const scenario of scenarios) {
      for (const { kind } of scenario.steps) {
        for (let at = 1; await go(scenario, `${kind}:${at}`); at++);
      }
    }
  } else {
    const start = Math.floor(Math.random() * scenarios.length);
    for (let round = 0; round < crashes; round++) {
      const scenario = scenarios[(start + round) % scenarios.length];
      assert.ok(scenario);
      const step = scenario.steps[Math.floor(Math.random() * scenario.steps.length)];
      assert.ok(step);
      await go(scenario, `${step.kind}:${1 + Math.floor(Math.random() * step.most)}`);
    }
  }
  t.diagnostic(`killed ${died.length} times: ${died.join(', ')}`);
  assert.equal(await server.stop(), 0);
  const again = await startServer(t, place.folder, ['--issuer', issuer], place.variables);
  await place.check(again);
  assert.equal(await again.stop(), 0);
  assert.ok(died.length > 0, 'some were killed');
}

test('SQLite: a process that is killed while it replaces keys or the secret leaves all in order', async (t) => {
  const folder = await createFolder(t);
  const place = new Place(folder, `sqlite:${join(folder, 'data', 'latchkey.db')}`, undefined);
  await crashKeys(t, place, [
    { kind: 'commit', most: 6 },
    { kind: 'file', most: 9 },
  ]);
  assert.match(readFileSync(join(folder, 'data', 'secret'), 'utf8'), /^[\w-]{43}$/);
});

test('PostgreSQL: a process that is killed while it replaces keys or the secret leaves all in order', async (t) => {
  const postgres = await startPostgres();
  const place = new Place(await createFolder(t), await postgres.createDatabase(), newSecret());
  await crashKeys(t, place, [{ kind: 'query', most: 40 }]);
});
