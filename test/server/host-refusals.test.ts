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
    app.post('/short', { bodyLimit: 100 }, () => ({ ok: true }));
    app.post('/mute', () => refuse(409, ''));
  });
}

suite('errors of the host', () => {
  test('are problem documents where all are asked for', async () => {
    const { send } = await startRefusingHost('all');
    const gone = await send('/gone');
    assertProblem(gone, 410);
    assert.equal(gone.body['code'], 'request_refused');
    const nameless = await send('/named', { json: {} });
    assertProblem(nameless, 400);
    assert.equal(nameless.body['code'], 'invalid_input');
  });

  test('keep their messages to the letter, whoever refuses', async () => {
    const { send } = await startRefusingHost('all');
    const xml = { body: '<a/>', headers: { 'content-type': 'text/xml' } };
    for (const [path, request, detail] of [
      ['/gone', { method: 'GET' }, 'the page is gone'],
      ['/bad', { method: 'GET' }, 'the page is bad'],
      ['/named', { json: {} }, "body must have required property 'name'"],
      ['/short', { json: { name: 'x'.repeat(200) } }, 'Request body is too large'],
      ['/named', xml, 'Unsupported Media Type'],
      ['/mute', {}, 'The request was refused.'],
    ] as const) {
      const answer = await send(path, { method: 'POST', ...request });
      assertProblem(answer, answer.status);
      assert.equal(answer.body['detail'], detail);
    }
    // Our own routes say what they take.
    const ours = await send('/auth/login', { json: { username: 'x'.repeat(70_000) } });
    assert.equal(ours.body['detail'], 'The body is too large: 64 KiB is the limit.');
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
