import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { createGuard, type Guard } from 'latchkey/guard';
import { startNode, type TestProcess } from '../support/process.ts';
import { PASSWORD, sendTo, type TestAnswer, type TestRequest } from '../support/server.ts';

const PROGRAM = join(import.meta.dirname, '../../src/cli/main.ts');
/** ms. Far above what it takes, far below what would be no revocation. */
const PATIENCE = 20_000;

/** A network between the guard and its issuer, to be cut. */
class Wire {
  readonly #open = new Set<Socket>();
  readonly #server = createServer((socket) => this.#lead(socket));
  target: number | undefined;

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    assert.ok(address !== null && typeof address === 'object');
    return address.port;
  }

  lead(port: number | undefined): void {
    this.target = port;
    for (const socket of this.#open) socket.destroy();
  }

  close(): void {
    this.lead(undefined);
    this.#server.close();
  }

  #lead(from: Socket): void {
    if (this.target === undefined) {
      from.destroy();
      return;
    }
    const to = connect(this.target, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#open.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}

suite('a guard, and two server processes on one file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-processes-'));
  const wire = new Wire();
  let issuer = '';
  let near: { url: string; process: TestProcess };
  let far: { url: string; process: TestProcess };
  let guard: Guard;
  let made = 0;

  /** The settings of a server, on any port: its issuer is where the wire is. */
  const start = async () => {
    const process = startNode([PROGRAM, 'serve', '--port', '0', '--json'], {
      cwd: folder,
      env: { LATCHKEY_DATA_DIR: folder, LATCHKEY_ISSUER: issuer },
    });
    const [, url = ''] = await process.waitFor(/"url":"([^"]+)"/);
    return { url, process };
  };

  before(async () => {
    issuer = `http://127.0.0.1:${await wire.listen()}`;
    near = await start();
    far = await start();
    wire.lead(Number(new URL(near.url).port));
    const command = startNode([PROGRAM, 'clients', 'create', 'test', '--kind', 'guard', '--json'], {
      cwd: folder,
      env: { LATCHKEY_DATA_DIR: folder },
    });
    const [, credential = ''] = await command.waitFor(/"key":"([^"]+)"/);
    assert.equal((await command.ended).code, 0);
    guard = createGuard({ issuer, revocations: { credential } });
    await guard.ready();
    await reach(true);
  });

  after(async () => {
    guard?.close();
    wire.close();
    await Promise.all([near?.process.stop(), far?.process.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const until = async (isReached: () => boolean, what: string) => {
    const end = performance.now() + PATIENCE;
    while (!isReached()) {
      assert.ok(performance.now() < end, `not in time: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const reach = (connected: boolean) =>
    until(() => guard.status().revocations?.connected === connected, `connected: ${connected}`);

  const isAccepted = (token: string) => {
    try {
      return guard.verify(token).sub !== '';
    } catch {
      return false;
    }
  };
  /** What was not acknowledged did not happen: as clients do, it tries again where it is told to. */
  const post = async (url: string, request: TestRequest): Promise<TestAnswer> => {
    const end = performance.now() + PATIENCE;
    for (;;) {
      const answer = await sendTo(url, { method: 'POST', ...request });
      if (answer.status < 300) return answer;
      const isPassing = answer.status === 503 && performance.now() < end;
      assert.ok(isPassing, `${url} answers ${answer.status}: ${answer.text}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  const signUp = async () => {
    const json = { username: `user${made++}`, password: PASSWORD };
    const { body } = await post(`${near.url}/auth/register`, { json });
    return { access: String(body['access_token']) };
  };
  const ways = {
    token: (url: string, token: string) => post(`${url}/auth/revoke`, { form: { token } }),
    session: (url: string, token: string) => post(`${url}/auth/logout`, { token }),
    user: (url: string, token: string) => post(`${url}/auth/logout/all`, { token }),
  };

  /** One token for each way and server, each revoked as the test says. */
  const revokeAll = async (urls: readonly string[]) => {
    const people = await Promise.all(
      urls.flatMap((url) =>
        Object.entries(ways).map(async ([way, revoke]) => ({
          ...(await signUp()),
          name: `${way} at ${url}`,
          run: (token: string) => revoke(url, token),
        })),
      ),
    );
    for (const { access, name } of people) assert.ok(isAccepted(access), name);
    return {
      revoke: () => Promise.all(people.map(({ access, run }) => run(access))),
      refused: async () => {
        for (const { access, name } of people) await until(() => !isAccepted(access), name);
      },
    };
  };

  test('the guard hears of every kind of revocation, from either server', async () => {
    const { revoke, refused } = await revokeAll([near.url, far.url, near.url, far.url]);
    await revoke();
    await refused();
  });

  test('after an interruption, the guard has missed nothing', async () => {
    const { revoke, refused } = await revokeAll([near.url, far.url]);
    wire.lead(undefined);
    await reach(false);
    await revoke();
    assert.ok((guard.status().revocations?.staleness ?? 0) >= 0);
    wire.lead(Number(new URL(near.url).port));
    await reach(true);
    await refused();
  });

  test('after a restart of the server, the guard has missed nothing', async () => {
    const { revoke, refused } = await revokeAll([far.url, far.url]);
    const end = await near.process.stop('SIGTERM');
    assert.equal(end.code, 0, 'an open feed holds no server up');
    await reach(false);
    await revoke();
    near = await start();
    wire.lead(Number(new URL(near.url).port));
    await reach(true);
    await refused();
  });

  test('after the server was killed, the guard goes on with the other one', async () => {
    const { revoke, refused } = await revokeAll([far.url]);
    await near.process.stop('SIGKILL');
    await reach(false);
    wire.lead(Number(new URL(far.url).port));
    await revoke();
    await reach(true);
    await refused();
  });
});
