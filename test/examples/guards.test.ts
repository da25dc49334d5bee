import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { type RunningExample, startExample } from '../support/example.ts';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey-process.ts';
import { assertProblem } from '../support/refusals.ts';

suite('the examples of the guard', () => {
  let latchkey: RunningLatchkey;
  let token: string;

  before(async () => {
    latchkey = await startLatchkey();
    const { body } = await latchkey.register('jane');
    token = body['access_token'];
  });

  for (const name of ['guard-fastify', 'guard-hono', 'guard-express', 'guard-web']) {
    test(`${name} accepts users who signed in at Latchkey, and refuses all others`, async () => {
      const example: RunningExample = await startExample(name, { ISSUER: latchkey.url });
      assert.equal((await example.send('/')).status, 200);
      for (const credential of [{ token }, { cookies: { latchkey_access: token } }]) {
        const { status, body } = await example.send('/hello', credential);
        assert.equal(status, 200);
        assert.deepEqual(body, { message: 'Hello, jane.' });
      }
      assertProblem(await example.send('/hello'), 401);
      assertProblem(await example.send('/hello', { token: `${token}A` }), 401);
      const admin = await example.send('/admin', { token });
      assertProblem(admin, 403);
      assert.equal(admin.body['code'], 'insufficient_role');
      await example.end('SIGTERM');
    });
  }
});
