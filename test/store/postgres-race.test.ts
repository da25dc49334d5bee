import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { repetitionsOf } from '../../scripts/proofs.ts';
import { createAuth } from '../../src/auth/create-auth.ts';
import { openPostgresStore } from '../../src/store/index.ts';
import { createTestRandom, TEST_SETTINGS, TestClock, TestHasher } from '../support/auth.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Answers, Round } from './race-node.ts';

const ROUNDS = repetitionsOf('TEST_RACE_ROUNDS');
const CALLERS = 50;
/** Beyond the window in which the same successor is handed out again; ms. */
const PAUSE = 31_000;

const server = await startPostgres();

function startNode(url: string, seed: string): ChildProcess {
  return fork(join(import.meta.dirname, 'race-node.ts'), [url, seed]);
}

async function race(node: ChildProcess, round: Round): Promise<Answers> {
  node.send(round);
  const [answers]: Answers[] = await once(node, 'message');
  assert.ok(answers);
  return answers;
}

test(`${ROUNDS} times ${CALLERS} callers at two nodes refresh one session: one successor, and no caller is refused`, {
  timeout: 600_000 + 300 * ROUNDS,
}, async (t) => {
  const url = await server.createDatabase();
  const store = await openPostgresStore({ url });
  t.after(() => store.close());
  const clock = new TestClock();
  const ports = { store, clock, hasher: new TestHasher(), random: createTestRandom() };
  const settings = { ...TEST_SETTINGS, algorithm: 'HS256' as const };
  const auth = await createAuth({ settings, ...ports });
  const nodes = [startNode(url, 'left'), startNode(url, 'right')];
  t.after(async () => {
    const ends = nodes.map((it) => once(it, 'exit'));
    for (const node of nodes) node.disconnect();
    await Promise.all(ends);
  });
  await Promise.all(nodes.map((it) => once(it, 'message')));

  const input = { username: 'jane', password: 'correct horse' };
  const { refreshToken: first, session, user } = await auth.register(input);
  let refreshToken = first;
  for (let round = 1; round <= ROUNDS; round++) {
    clock.ms += PAUSE;
    const asked = { refreshToken, now: clock.ms, callers: CALLERS / nodes.length };
    const answers = await Promise.all(nodes.map((it) => race(it, asked)));
    const refusals = answers.flatMap((it) => it.refusals);
    assert.deepEqual(refusals, [], `round ${round}: an honest caller was refused`);
    const generations = new Set(answers.flatMap((it) => it.generations));
    assert.deepEqual([...generations], [round], `round ${round}`);
    const successors = new Set(answers.flatMap((it) => it.refreshTokens));
    assert.equal(successors.size, 1, `round ${round}: more than one successor`);
    // That the next round starts from it shows that it lives.
    [refreshToken = ''] = successors;
  }
  const sessions = await store.listSessions({ userId: user.id, now: clock.ms, limit: 1_000 });
  assert.deepEqual(
    sessions.map(({ id, generation }) => ({ id, generation })),
    [{ id: session.id, generation: ROUNDS }],
  );
  assert.deepEqual((await store.listRevocations({ after: 0, now: 0 })).revocations, []);
});
