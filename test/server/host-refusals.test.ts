import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, type TestContext, test } from 'node:test';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { HostRefusal, type LatchkeyPluginOptions } from 'latchkey/server';
import { DEFAULT_ROUTES } from '../../src/server/features/features.ts';
import { assertProblem } from '../support/refusals.ts';
import { internalsOf, PASSWORD, startHost, startServer } from '../support/server.ts';

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

suite('a hook of the host', () => {
  test('refuses in its own words, in every form of a sign-in', async () => {
    const { send, app } = await startHost(
      {
        beforeSignIn: () => {
          throw new HostRefusal('Renew your subscription.');
        },
        details: { account_disabled: 'not this one' },
      },
      () => {},
    );
    const user = { username: 'jane', password: PASSWORD };
    await app.latchkey.users.create(user);
    for (const request of [{ json: user }, { form: user }]) {
      const answer = await send('/auth/login', request);
      assertProblem(answer, 403);
      assert.equal(answer.body['code'], 'refused_by_host');
      assert.equal(answer.body['detail'], 'Renew your subscription.');
      assert.deepEqual(answer.headers.getSetCookie(), []);
    }
    const form = { grant_type: 'password', ...user };
    const grant = await send('/auth/token', { form });
    assert.equal(grant.status, 400);
    assert.equal(grant.body['error'], 'invalid_grant');
    assert.equal(grant.body['error_description'], 'Renew your subscription.');
  });

  test('that fails is a 500 without details, whatever it throws', async () => {
    const { send } = await startHost(
      { beforeRegister: () => refuse(403, 'db-7.internal') },
      () => {},
    );
    const answer = await send('/auth/register', { json: { username: 'jane', password: PASSWORD } });
    assertProblem(answer, 500);
    assert.ok(!answer.text.includes('db-7'));
  });
});

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

  test('keep their messages to the letter, no matter what refuses', async () => {
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

/** What is printed to standard error from now on. */
function listen(t: TestContext): string[] {
  const printed: string[] = [];
  t.mock.method(console, 'error', (text: string) => printed.push(text));
  return printed;
}

/** As a host's own code has it: the stack leads to this function. */
function lookUpTenant(name: string): never {
  throw new TypeError(`no tenant for ${name}`, { cause: new Error('db-7.internal is away') });
}

type Failing = Pick<LatchkeyPluginOptions, 'claims' | 'scopes' | 'answers'>;

/** Every hook of a host's that our routes call. `name` is in the message of the error. */
const failingHooks: Record<string, (name: string) => Failing> = {
  claims: (name) => ({ claims: () => lookUpTenant(name) }),
  'claims later': (name) => ({ claims: async () => lookUpTenant(name) }),
  scopes: (name) => ({ scopes: () => lookUpTenant(name) }),
  answers: (name) => ({ answers: { register: () => lookUpTenant(name) } }),
};

test('a limit of the host is a 429 on every route of ours, in the words of each', async () => {
  const before = (app: FastifyInstance) => {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('retry-after', '7');
      done(Object.assign(new Error('Slow down.'), { statusCode: 429 }));
    });
  };
  const host = await startHost({ admin: { role: 'admin' } }, () => {}, { before });
  for (const [name, route] of Object.entries(DEFAULT_ROUTES)) {
    const [method = '', path = ''] = route.split(' ');
    const answer = await host.send(path, { method });
    assert.equal(answer.status, 429, name);
    assert.equal(answer.headers.get('retry-after'), '7');
    if (['token', 'revoke', 'introspect'].includes(name)) {
      assert.deepEqual(answer.body, {
        error: 'temporarily_unavailable',
        error_description: 'Slow down.',
      });
    } else {
      assertProblem(answer, 429, name);
      assert.equal(answer.body['detail'], 'Slow down.');
    }
  }
  await host.close();
});

suite('what fails in a hook of the host', () => {
  for (const [hook, failing] of Object.entries(failingHooks)) {
    test(`is printed where the app has no logger: ${hook}`, async (t) => {
      const printed = listen(t);
      const { register, close } = await startHost(failing(`${hook} without`), () => {});
      const answer = await register('jane');
      await close();
      assertProblem(answer, 500);
      assert.doesNotMatch(answer.text, /tenant|db-7/);
      const [line = '', ...more] = printed;
      assert.deepEqual(more, []);
      assert.match(line, /^latchkey: request failed \(internal_error\)\.\nTypeError: no tenant/);
      assert.match(line, /at lookUpTenant \(.*host-refusals\.test\.ts/);
      assert.match(line, /Caused by: Error: db-7\.internal is away\n +at /);
    });

    test(`is in the log of the app, with its stack: ${hook}`, async (t) => {
      const printed = listen(t);
      const lines: string[] = [];
      const logger = { level: 'error', stream: { write: (line: string) => lines.push(line) } };
      const { register, close } = await startHost(failing(`${hook} with`), () => {}, { logger });
      assertProblem(await register('jane'), 500);
      await close();
      assert.deepEqual([lines.length, printed], [1, []]);
      const { code, error, message, stack } = JSON.parse(lines[0] ?? '');
      assert.deepEqual(
        [code, error, message],
        ['internal_error', 'TypeError', `no tenant for ${hook} with`],
      );
      assert.match(stack, /at lookUpTenant .*\n[\s\S]*Caused by: Error: db-7\.internal is away\n/);
    });
  }

  test('is told at the token endpoint too', async (t) => {
    const printed = listen(t);
    let fails = false;
    const claims = () => (fails ? lookUpTenant('the token endpoint') : {});
    const { register, send, close } = await startHost({ claims }, () => {});
    await register('jane');
    fails = true;
    const form = { grant_type: 'password', username: 'jane', password: PASSWORD };
    const answer = await send('/auth/token', { form });
    await close();
    assert.deepEqual([answer.status, answer.body['error']], [500, 'server_error']);
    assert.match(
      printed.join(),
      /token request failed .*\n.*the token endpoint\n +at lookUpTenant/,
    );
  });

  test('is told whatever is thrown, and without what a token is', async (t) => {
    const printed = listen(t);
    const key = `lkg_0123456789abcdef_${'k'.repeat(43)}`;
    const hash = '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$aGFzaA';
    const thrown: [unknown, RegExp][] = [
      ['a string', /string: 'a string'/],
      [undefined, /undefined/],
      [{ message: 'odd', authorization: 'Basic c2VjcmV0' }, /: odd \(an object with message, auth/],
      [new AggregateError([new Error('first'), new Error('second')], 'both'), /both[\s\S]*second/],
      [Object.assign(new Error('with more'), { headers: 'Basic c2VjcmV0' }), /with more\n +at/],
      [new Error(`${key} ${hash}`), /\[removed\] \[removed\]/],
    ];
    const [first] = thrown;
    let next = first;
    const answers = {
      register: (answer: object) => {
        if (next === undefined) throw new Error(`for ${JSON.stringify(answer)}`);
        throw next[0];
      },
    };
    const { register, close } = await startHost({ answers }, () => {});
    for (const [at, it] of [...thrown, undefined].entries()) {
      next = it;
      printed.length = 0;
      assertProblem(await register(`jane${at}`), 500);
      assert.match(printed.join('\n'), it?.[1] ?? /"access_token":"\[removed\]"/);
      for (const secret of ['eyJ', key, hash, 'c2VjcmV0'])
        assert.ok(!printed.join().includes(secret));
    }
    await close();
  });

  test('is printed once in a while, however often it fails', async (t) => {
    const printed = listen(t);
    let tries = 0;
    const claims = () => lookUpTenant(tries++ % 2 === 0 ? 'always the same' : `another ${tries}`);
    const { register, close } = await startHost({ claims }, () => {});
    const started = performance.now();
    for (let at = 0; at < 400; at++) assertProblem(await register(`jane${at}`), 500);
    // On a slow machine the same may be printed again, once in ten seconds.
    const periods = 1 + Math.floor((performance.now() - started) / 10_000);
    await close();
    const same = printed.filter((it) => it.includes('always the same'));
    assert.ok(same.length >= 1 && same.length <= periods, `${same.length} in ${periods} periods`);
    assert.ok(printed.length <= 101 * periods, `${printed.length} lines`);
  });

  test('is told nowhere where the standalone server was asked for no log', async (t) => {
    const printed = listen(t);
    const server = await startServer({ claims: () => lookUpTenant('nobody reads'), logger: false });
    assertProblem(await server.register('jane'), 500);
    await server.close();
    assert.deepEqual(printed, []);
  });
});

test('a database that is away is named in the log, with what the driver says', async (t) => {
  const printed = listen(t);
  const { app, login, close } = await startHost({}, () => {});
  await internalsOf(app).close();
  assertProblem(await login('jane'), 503);
  await close();
  assert.match(printed.join(), /\(store_unavailable\)\. StoreUnavailable: The database is closed/);
});

suite('what fails in the background', () => {
  /** A host on a database file, whose table of revocations an outsider takes away and brings back. */
  async function startOnFile(t: TestContext, more: FastifyServerOptions = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-background-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'latchkey.db');
    const options = { databaseUrl: `sqlite:${path}`, revocationPollInterval: 10 };
    const { close } = await startHost(options, () => {}, more);
    const alter = (from: string, to: string) => {
      using database = new DatabaseSync(path);
      database.exec(`alter table ${from} rename to ${to}`);
    };
    return {
      close,
      takeAway: () => alter('revocations', 'elsewhere'),
      bringBack: () => alter('elsewhere', 'revocations'),
    };
  }

  test('is printed where the app has no logger', async (t) => {
    const changes = new EventEmitter();
    t.mock.method(console, 'error', (text: string) => changes.emit('line', text));
    const { close, takeAway, bringBack } = await startOnFile(t);
    const failure = once(changes, 'line');
    takeAway();
    const [failed] = await failure;
    assert.match(failed, /^latchkey: background task failed \(reading revocations\)\.\s/);
    assert.match(failed, /no such table/);
    const recovery = once(changes, 'line');
    bringBack();
    assert.match(String(await recovery), /"reading revocations" succeeds again/);
    await close();
  });

  test('is in the log of the app', async (t) => {
    const changes = new EventEmitter();
    const stream = { write: (line: string) => changes.emit('line', JSON.parse(line)) };
    const { close, takeAway, bringBack } = await startOnFile(t, {
      logger: { level: 'warn', stream },
    });
    const failure = once(changes, 'line');
    takeAway();
    const [failed] = await failure;
    assert.deepEqual(
      [failed.level, failed.task, failed.msg],
      [50, 'reading revocations', 'background task failed'],
    );
    assert.match(JSON.stringify(failed), /no such table/);
    const recovery = once(changes, 'line');
    bringBack();
    assert.deepEqual((await recovery)[0].level, 40);
    await close();
  });
});
