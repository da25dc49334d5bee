import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { RunningExample } from '../../support/example.ts';
import { assertProblem } from '../../support/refusals.ts';
import { readCookies, type TestAnswer, type TestRequest } from '../../support/server.ts';
import type { Exchange, Reply } from './exchange.ts';

/** What `<…>` stands for in a reply. */
const FORMS: Readonly<Record<string, RegExp>> = {
  '<token>': /^[\w-]+\.[\w-]+\.[\w-]+$/,
  '<uuid>': /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/,
  '<sentence>': /^[A-Z].+/,
};

const run = promisify(execFile);

/** Declares a test that pastes the commands of an example's opening comment into a shell. */
export function testCommands(getExample: () => RunningExample): void {
  test('answers the commands of its opening comment with a token', async () => {
    const { commands } = getExample();
    assert.notEqual(commands.length, 0);
    for (const command of commands) {
      const { stdout } = await run('sh', ['-c', command.replace(/^curl/, 'curl -sS')]);
      assert.match(stdout, /^\{"access_token":"ey/, command);
    }
  });
}

/** Declares a test that sends the requests of an original one after another to the example. */
export function testExchanges(
  exchanges: readonly Exchange[],
  getExample: () => RunningExample,
): void {
  test('answers the requests of the original as docs/porting.md says', async () => {
    const values = new Map<string, string>();
    for (const exchange of exchanges) {
      const [method = '', path = ''] = exchange.route.split(' ');
      const request = JSON.parse(fill(JSON.stringify(exchange.send ?? {}), values)) as TestRequest;
      const answer = await getExample().send(fill(path, values), { method, ...request });
      const name = `${exchange.route}, ${exchange.about ?? 'as it is'}: ${answer.text}`;
      const expected = exchange.ours ?? exchange.original;
      assert.ok(expected, `${name} has no answer`);
      assertReply(answer, expected, name);
      remember(answer, values);
    }
  });
}

function fill(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$([a-z_]+)/g, (_, name: string) => {
    const value = values.get(name);
    assert.ok(value, `no answer had ${name} so far`);
    return value;
  });
}

function remember(answer: TestAnswer, values: Map<string, string>): void {
  const cookies = Object.entries(readCookies(answer)).map(([name, { value }]) => [name, value]);
  for (const [name, value] of [...Object.entries(answer.body), ...cookies]) {
    if (typeof value === 'string' && value !== '') values.set(String(name), value);
  }
}

function assertReply(answer: TestAnswer, reply: Reply, name: string): void {
  assert.equal(answer.status, reply.status, name);
  if (reply.code !== undefined) {
    assertProblem(answer, answer.status, name);
    assert.equal(answer.body['code'], reply.code, name);
    assertValue(answer.body['detail'], reply.detail, name);
  } else {
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/, name);
  }
  if (reply.body !== undefined) {
    assert.deepEqual(Object.keys(answer.body).sort(), Object.keys(reply.body).sort(), name);
    for (const [member, value] of Object.entries(reply.body)) {
      assertValue(answer.body[member], value, name);
    }
  }
  const cookies = Object.entries(readCookies(answer));
  const set = cookies.filter(([, { value }]) => value !== '').map(([each]) => each);
  const cleared = cookies.filter(([, { value }]) => value === '').map(([each]) => each);
  assert.deepEqual(set, reply.sets ?? [], name);
  assert.deepEqual(cleared, reply.clears ?? [], name);
}

function assertValue(actual: unknown, expected: unknown, name: string): void {
  const form = FORMS[String(expected)];
  if (form === undefined) assert.deepEqual(actual, expected, name);
  else assert.match(String(actual), form, name);
}
