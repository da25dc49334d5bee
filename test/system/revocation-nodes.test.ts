import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { repetitionsOf } from '../../scripts/proofs.ts';
import { type Latchkey, openLatchkey, POLL_INTERVALS_MS } from '../../src/system/latchkey.ts';
import { temporaryFolder } from '../store/folder.ts';
import { expectTokens } from '../support/auth.ts';
import { startPostgres } from '../support/postgres.ts';
import { ISSUER, SECRET } from '../support/server.ts';
import type { Refusal } from './revocation-node.ts';

/** ms: so long that the log is read because of a notification, or not at all. */
const NO_POLLING_MS = 3_600_000;

/** How many revocations to time. */
const REVOCATIONS = repetitionsOf('TEST_REVOCATIONS');

const postgres = await startPostgres();

async function receive<T>(node: ChildProcess): Promise<T> {
  const [message] = await once(node, 'message', { signal: AbortSignal.timeout(10_000) });
  return message;
}

function openNode(databaseUrl: string): Promise<Latchkey> {
  return openLatchkey({
    databaseUrl,
    revocationPollInterval: NO_POLLING_MS,
    secret: SECRET,
    issuer: ISSUER,
    hashing: { memoryCost: 8, timeCost: 1, threads: 1 },
    env: {},
    envFile: false,
  });
}

async function measure(
  t: TestContext,
  databaseUrl: string,
  count: number,
  pollIntervalMs = NO_POLLING_MS,
): Promise<void> {
  const latchkey = await openNode(databaseUrl);
  const args = [databaseUrl, String(pollIntervalMs)];
  const node = fork(join(import.meta.dirname, 'revocation-node.ts'), args);
  t.after(async () => {
    const gone = once(node, 'exit');
    node.disconnect();
    await Promise.all([gone, latchkey.close()]);
  });
  await receive(node);

  const input = { username: 'jane', password: 'correct horse' };
  await latchkey.auth.register(input);
  const delays: number[] = [];
  for (let i = 0; i < count; i++) {
    const { accessToken } = expectTokens(await latchkey.auth.login(input));
    node.send(accessToken);
    await receive(node);
    const refused = receive<Refusal>(node);
    await latchkey.auth.logout(latchkey.verify(accessToken));
    const acknowledged = performance.timeOrigin + performance.now();
    const { refusedAt } = await refused;
    delays.push(Math.max(0, refusedAt - acknowledged));
  }
  delays.sort((a, b) => a - b);
  const at = (share: number) =>
    `${(delays[Math.ceil(share * delays.length) - 1] ?? 0).toFixed(1)} ms`;
  t.diagnostic(
    `refused at another node after p50 ${at(0.5)}, p99 ${at(0.99)}, at most ${at(1)}; ${count} revocations`,
  );
}

test('another node refuses what was revoked as soon as PostgreSQL notifies it', async (t) => {
  await measure(t, await postgres.createDatabase(), REVOCATIONS);
});

test('another process refuses what was revoked as soon as the SQLite file is written', async (t) => {
  await measure(t, `sqlite:${join(temporaryFolder(t), 'a.db')}`, REVOCATIONS / 2);
});

test('another node refuses what was revoked though no notification comes', async (t) => {
  const databaseUrl = await postgres.createDatabase();
  await (await openNode(databaseUrl)).close();
  const owner = await postgres.connect(databaseUrl);
  await owner.query('drop trigger latchkey_tell_log on revocations');
  await owner.end();
  // Each takes up to the interval of the polling.
  await measure(t, databaseUrl, REVOCATIONS / 4, POLL_INTERVALS_MS.postgres);
});
