import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseProblem, readProblem } from '../../src/client/index.ts';
import { PASSWORD, startServer } from '../support/server.ts';

test('a refusal of the server is read with its code, sentence and fields', async () => {
  const { url, register, close } = await startServer();
  const post = (path: string, body: object) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await register('jane');
  assert.equal(await readProblem(await post('/auth/login', jane(PASSWORD))), undefined);
  const wrong = await readProblem(await post('/auth/login', jane('wrong password')));
  assert.ok(wrong instanceof ResponseProblem && wrong instanceof Error);
  assert.deepEqual([wrong.status, wrong.code, wrong.errors], [401, 'invalid_credentials', []]);
  assert.match(wrong.message, /Incorrect/);
  const invalid = await readProblem(await post('/auth/register', { username: 7 }));
  assert.equal(invalid?.code, 'invalid_input');
  assert.ok(invalid.errors.some(({ field, detail }) => field === 'password' && detail !== ''));
  const form = new URLSearchParams({ grant_type: 'nonsense' });
  const oauth = await readProblem(await fetch(`${url}/auth/token`, { method: 'POST', body: form }));
  assert.equal(oauth?.code, 'unsupported_grant_type');
  assert.notEqual(oauth.message, '');
  await close();
});

const jane = (password: string) => ({ username: 'jane', password });

test('an error response of another program is a problem too', async () => {
  const bodies = ['<h1>Bad gateway</h1>', '', 'null', '[1]', '"x"', '{"code":7,"errors":[7,{}]}'];
  for (const body of bodies) {
    const problem = await readProblem(new Response(body, { status: 502 }));
    assert.deepEqual([problem?.status, problem?.code, problem?.errors], [502, 'unknown', []]);
    assert.match(problem?.message ?? '', /502/);
  }
});

test('a success or a redirect is left unread', async () => {
  for (const status of [200, 303, 399]) {
    const response = new Response('{"code":"a"}', { status });
    assert.equal(await readProblem(response), undefined);
    assert.equal(response.bodyUsed, false);
  }
  assert.equal((await readProblem(new Response('{"code":"a"}', { status: 400 })))?.code, 'a');
});

test('the time to wait is a number of seconds', async () => {
  for (const [header, expected] of [
    ['7', 7],
    ['0', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['Fri, 31 Dec 1999 23:59:59 GMT', undefined],
  ] as const) {
    const response = new Response('{}', { status: 503, headers: { 'retry-after': header } });
    assert.equal((await readProblem(response))?.retryAfter, expected, header);
  }
  assert.equal((await readProblem(new Response('{}', { status: 503 })))?.retryAfter, undefined);
});
