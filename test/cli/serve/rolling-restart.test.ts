import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { repetitionsOf } from '../../../scripts/proofs.ts';
import { findPort } from '../../../src/cli/serve/find-port.ts';
import { type Answer, Api, Client } from '../../crash/accounts.ts';
import { startPostgres } from '../../support/postgres.ts';
import { startProxy } from '../../support/proxy.ts';
import { SECRET } from '../../support/server.ts';
import { createFolder, readLine, spawnCli } from '../cli.ts';

/** Each of both nodes is stopped and started as often. */
const restarts = repetitionsOf('TEST_ROLLING_RESTARTS');
const clients = 6;

test('Restarting two nodes behind a proxy in turn under load fails no request', async (t) => {
  const postgres = await startPostgres();
  const folder = await createFolder(t);
  const variables = {
    LATCHKEY_DATABASE_URL: await postgres.createDatabase(),
    LATCHKEY_SECRET: SECRET,
    LATCHKEY_ISSUER: 'https://auth.example',
    LATCHKEY_REFRESH_GRACE: '0',
  };
  const startNode = async (port: number) => {
    const args = ['serve', '--port', String(port), '--json', '--drain', '500ms'];
    const child = spawnCli(folder, args, variables);
    t.after(() => child.kill('SIGKILL'));
    await readLine(child);
    child.stdout?.resume();
    return { port, child };
  };
  const ports = [await findPort('127.0.0.1', 0), await findPort('127.0.0.1', 0)];
  const nodes = await Promise.all(ports.map(startNode));
  const proxy = await startProxy(ports);

  let isOver = false;
  let answers = 0;
  let lost = 0;
  const api = new Api(proxy.url);
  const load = {
    async send(...args: Parameters<Api['send']>): Promise<Answer | undefined> {
      if (isOver) return undefined;
      const answer = await api.send(...args);
      answers += 1;
      if (answer === undefined) lost += 1;
      return answer;
    },
  };
  const all = Array.from({ length: clients }, () => new Client());
  const working = Promise.all(all.map((client) => client.act(load)));
  for (let i = 0; i < 2 * restarts; i++) {
    const at = i % 2;
    const node = nodes[at];
    assert.ok(node);
    const before = answers;
    const ended = once(node.child, 'exit');
    node.child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    nodes[at] = await startNode(node.port);
    // It has to be known as ready before the other one may go.
    await proxy.knows(node.port);
    assert.ok(answers > before, 'the load went on');
  }
  isOver = true;
  await working;
  t.diagnostic(`${2 * restarts} restarts, ${answers} requests, ${lost} without an answer`);
  assert.deepEqual(proxy.failures, []);
  assert.deepEqual(
    all.flatMap(({ wrong }) => wrong),
    [],
  );
  assert.equal(lost, 0);
});
