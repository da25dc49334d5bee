import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPostgres } from '../support/postgres.ts';
import { SECRET } from '../support/server.ts';
import { crash, crashRounds, describe } from './harness.ts';

test('PostgreSQL: acknowledged changes survive SIGKILL of the server, and revocations stay', async (t) => {
  const postgres = await startPostgres();
  const report = await crash(t, {
    rounds: crashRounds,
    clients: 8,
    killAfter: 'random',
    variables: { LATCHKEY_DATABASE_URL: await postgres.createDatabase(), LATCHKEY_SECRET: SECRET },
  });
  t.diagnostic(describe(report));
  assert.deepEqual(report.losses, []);
  assert.ok(report.answers > crashRounds, 'there was a load');
});
