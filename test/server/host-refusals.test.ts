import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assertProblem } from '../support/refusals.ts';
import { startHost } from '../support/server.ts';

/** As `@fastify/sensible` and others do it. */
function refuse(statusCode: number, message: string): never {
  throw Object.assign(new Error(message), { statusCode });
}

function startRefusingHost(errors: 'own' | 'all') {
  return startHost({ errors }, (app) => {
    app.get('/gone', () => refuse(410, 'the page is gone'));
    app.get('/broken', () => refuse(502, 'db-7.internal does not answer'));
    app.get('/failed', () => refuse(500, 'db-7.internal does not answer'));
    app.get('/odd', () => refuse(399, 'db-7.internal does not answer'));
    app.get('/bad', () => refuse(400, 'the page is bad'));
    app.get('/thrown', () => {
      throw new Error('db-7.internal does not answer');
    });
    const body = { type: 'object', required: ['name'] };
    app.post('/named', { schema: { body } }, () => ({ ok: true }));
  });
}

suite('errors of the host', () => {
  test('are problem documents where all are asked for', async () => {
    const { send } = await startRefusingHost('all');
    const gone = await send('/gone');
    assertProblem(gone, 410);
    assert.equal(gone.body['code'], 'request_refused');
    assert.equal(gone.body['detail'], 'The page is gone.');
    assert.equal((await send('/bad')).body['detail'], 'The page is bad.');
    const nameless = await send('/named', { json: {} });
    assertProblem(nameless, 400);
    assert.equal(nameless.body['code'], 'invalid_input');
    assert.equal(nameless.body['detail'], "Body must have required property 'name'.");
  });

  for (const path of ['/broken', '/failed', '/odd', '/thrown']) {
    test(`${path} shows nothing internal`, async () => {
      const { send } = await startRefusingHost('all');
      const answer = await send(path);
      assertProblem(answer, 500);
      assert.doesNotMatch(answer.text, /internal d|db-7/);
    });
  }

  test('are as Fastify answers them otherwise', async () => {
    const { send } = await startRefusingHost('own');
    const { status, body } = await send('/gone');
    assert.equal(status, 410);
    assert.deepEqual(body, { statusCode: 410, error: 'Gone', message: 'the page is gone' });
  });
});
