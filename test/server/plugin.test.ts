import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import Fastify, { type FastifyInstance } from 'fastify';
import { createGuard } from 'latchkey/guard';
import {
  AccessDenied,
  CredentialsRefused,
  createApp,
  findUser,
  InvalidInput,
  InvalidSetting,
  type LatchkeyPluginOptions,
  latchkey,
  openLatchkey,
  type RoutePaths,
  ServerOverloaded,
  StoreUnavailable,
} from 'latchkey/server';
import { assertProblem } from '../support/refusals.ts';
import {
  ISSUER,
  PASSWORD,
  SECRET,
  startHost,
  startServer,
  testOptions,
} from '../support/server.ts';
import { notOptions, wrongRequirements } from '../support/wrong-options.ts';

suite('app.latchkey', () => {
  const withAll = async () => {
    const host = await startHost({ signingKey: SECRET, algorithm: 'HS256' }, () => {});
    return host.app.latchkey;
  };

  test('has what a host needs, and nothing that maintains the database or its keys', async () => {
    const api = await withAll();
    assert.deepEqual(Object.keys(api).sort(), [
      'audit',
      'auth',
      'clients',
      'cookies',
      'settings',
      'throttling',
      'users',
      'verify',
    ]);
    for (const name of ['keys', 'keeper', 'revocations', 'maintain', 'removeExpired', 'store']) {
      assert.ok(!(name in api.auth), name);
    }
    assert.throws(() => Object.assign(api, { verify: () => ({}) }), TypeError);
    assert.throws(() => Object.assign(api.auth, { login: () => ({}) }), TypeError);
  });

  test('shows the settings in force, and none that is secret', async () => {
    const { settings } = await withAll();
    assert.equal(settings.issuer, ISSUER);
    assert.equal(settings.accessTokenTtl, 900);
    assert.equal(settings.passwordMinLength, 8);
    for (const name of ['secret', 'signingKey', 'databaseUrl', 'database']) {
      assert.ok(!(name in settings), name);
    }
  });

  test('holds no secret that inspecting it would show', async () => {
    const api = await withAll();
    const shown = inspect(api, { depth: Number.POSITIVE_INFINITY, showHidden: true });
    assert.ok(!shown.includes(SECRET));
    assert.doesNotMatch(shown, /privateKey|PrivateKeyObject|SecretKeyObject/);
  });

  test('is what openLatchkey gives without HTTP, with notices and an end', async () => {
    const opened = await openLatchkey(testOptions());
    const user = await opened.users.create({ username: 'jane', password: PASSWORD });
    assert.equal((await opened.users.find({ username: 'jane' }))?.id, user.id);
    assert.ok(!('cookies' in opened) && !('secret' in opened.settings));
    assert.deepEqual(opened.notices, []);
    await opened.close();
    await opened.close();
  });
});

suite('paths', () => {
  test('can be renamed, given another method, and left out', async () => {
    const host = await startHost(
      {
        paths: {
          register: '/api/signup',
          login: 'POST /signin',
          refresh: 'GET /api/refresh',
          session: 'POST /devices/:id/end',
          token: '/oauth/token',
          jwks: '/keys',
          sessions: false,
          logoutAll: false,
        },
      },
      () => {},
    );
    const json = { username: 'jane', password: PASSWORD };
    const { body } = await host.send('/api/signup', { json });
    assert.equal((await host.send('/signin', { json })).status, 200);
    for (const path of ['/auth/register', '/auth/login', '/auth/refresh', '/auth/token']) {
      assert.equal((await host.send(path, { json })).status, 404, path);
    }
    const token = body['access_token'];
    assert.equal((await host.send('/auth/sessions', { token })).status, 404);
    assert.equal((await host.send('/auth/me', { token })).status, 200);

    const cookies = { '__Host-latchkey_refresh': body['refresh_token'] };
    const refreshed = await host.send('/api/refresh', { cookies });
    assert.equal(refreshed.status, 200);
    assert.equal(refreshed.headers.getSetCookie().length, 2);
    assertProblem(await host.send('/api/refresh'), 401);

    const { sid } = host.app.latchkey.verify(token);
    const end = await host.send(`/devices/${sid}/end`, { method: 'POST', token });
    assert.equal(end.status, 204);

    const metadata = await host.send('/.well-known/oauth-authorization-server');
    assert.equal(metadata.body['token_endpoint'], `${ISSUER}/oauth/token`);
    assert.equal(metadata.body['jwks_uri'], `${ISSUER}/keys`);
    await host.close();
  });

  test('leave a document without what is left out', async () => {
    const host = await startHost({ paths: { token: false, jwks: false } }, () => {});
    const { body } = await host.send('/.well-known/oauth-authorization-server');
    assert.equal('token_endpoint' in body || 'jwks_uri' in body, false);
    await host.close();
  });

  test('follow the prefix of the scope that registers the plugin', async () => {
    const host = Fastify();
    await host.register(
      async (scope) => {
        await scope.register(latchkey, { ...testOptions(), docs: true });
      },
      { prefix: '/api' },
    );
    const metadata = await host.inject('/api/.well-known/oauth-authorization-server');
    assert.equal(metadata.json().token_endpoint, `${ISSUER}/api/auth/token`);
    const document = (await host.inject('/api/openapi.json')).json();
    const { flows } = document.components.securitySchemes.account;
    assert.equal(flows.password.tokenUrl, '/api/auth/token');
    assert.ok(document.paths['/api/auth/login']);
    await host.close();
  });

  for (const [prefixes, path, toRoot] of [
    [['/'], '', '../'],
    [['/api/'], '/api', '../../'],
    [['/api', '/v1'], '/api/v1', '../../../'],
    [['/api/', '/v1/'], '/api/v1', '../../../'],
  ] as const) {
    test(`are named with single slashes below ${prefixes.join(' and ')}`, async (t) => {
      const host = Fastify();
      t.after(() => host.close());
      const [outer, inner] = prefixes;
      const register = async (scope: FastifyInstance) => {
        await scope.register(latchkey, { ...testOptions(), docs: true });
      };
      await host.register(
        async (scope) => {
          if (inner === undefined) await register(scope);
          else await scope.register(register, { prefix: inner });
        },
        { prefix: outer },
      );
      const read = async (address: string) => (await host.inject(path + address)).json();
      const metadata = await read('/.well-known/oauth-authorization-server');
      assert.equal(metadata.token_endpoint, `${ISSUER}${path}/auth/token`);
      assert.equal(metadata.jwks_uri, `${ISSUER}${path}/.well-known/jwks.json`);
      const document = await read('/openapi.json');
      // "//auth/token" would send passwords to a host called "auth".
      const { password } = document.components.securitySchemes.account.flows;
      assert.equal(password.tokenUrl, `${path}/auth/token`);
      const { requestBody } = document.paths[`${path}/auth/logout`].post;
      assert.equal(requestBody.required, false);
      assert.deepEqual((await read('/docs/json')).servers, [{ url: toRoot }]);
    });
  }

  test('that are none are refused with their name', async () => {
    const bad: [RoutePaths | Record<string, unknown>, RegExp][] = [
      [{ login: '' }, /paths\.login/],
      [{ login: 'login' }, /paths\.login/],
      [{ login: 'FETCH /login' }, /paths\.login/],
      [{ login: 'post /login' }, /paths\.login/],
      [{ login: 'POST  /login' }, /paths\.login/],
      [{ login: 'POST /log in' }, /paths\.login/],
      [{ login: '/login?x=1' }, /paths\.login/],
      [{ login: '/login#x' }, /paths\.login/],
      [{ login: 'https://example.com/login' }, /paths\.login/],
      [{ login: 42 }, /paths\.login/],
      [{ login: null }, /paths\.login/],
      [{ login: true }, /paths\.login/],
      [{ session: '/sessions' }, /paths\.session/],
      [{ session: '/sessions/:idx' }, /paths\.session/],
      [{ signin: '/signin' }, /no route "signin"/],
      [{ login: '/auth/register' }, /already declared/],
    ];
    for (const [paths, message] of bad) {
      const opening = startHost({ paths: paths as RoutePaths }, () => {});
      await assert.rejects(opening, message, JSON.stringify(paths));
    }
  });

  test('are not confused with settings: an option that is none is refused', async () => {
    const options = { ...testOptions(), prefix: '/api' };
    const app = Fastify();
    await assert.rejects(async () => app.register(latchkey, options), {
      name: 'TypeError',
      message: /latchkey: There is no option "prefix"/,
    });
  });
});

suite('options in code', () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ audiance: 'x' }, /"audiance"\. Did you mean "audience"\?/],
    [{ isuer: 'x' }, /Did you mean "issuer"\?/],
    [{ claim: () => ({}) }, /Did you mean "claims"\?/],
    [{ claims: undefined }, /claims is undefined/],
    [{ claims: { tenant: 'x' } }, /claims must be a function/],
    [{ signingKey: undefined }, /signingKey is undefined/],
    [{ cookies: undefined }, /cookies is undefined/],
    [{ cookies: { refesh: 'x' } }, /cookies has no option "refesh"\. Did you mean "refresh"\?/],
    [{ cookies: 'x' }, /cookies must be an object/],
    [{ paths: 'x' }, /paths must be an object/],
    [{ paths: { login: undefined } }, /paths\.login is undefined/],
    [{ password: { minLenght: 12 } }, /password has no option .* Did you mean "minLength"\?/],
    [{ password: { minLength: undefined } }, /password\.minLength is undefined/],
    [{ password: 12 }, /password must be an object/],
    [{ hashing: { memory: 1 } }, /hashing has no option "memory"/],
    [{ keyRotation: { intervall: '30d' } }, /Did you mean "interval"\?/],
    [{ fields: { tenant: { type: 'string', require: true } } }, /fields\.tenant .*"required"\?/],
    [{ fields: ['tenant'] }, /fields must be an object/],
    [{ errors: 'al' }, /errors must be "own" or "all"/],
    [{ transport: 'cookies' }, /transport must be/],
    [{ docs: 'false' }, /docs must be true or false/],
  ];

  test('are refused by name where they are unknown, undefined or of the wrong kind', async () => {
    for (const [options, message] of wrong) {
      const all = { ...testOptions(), ...options };
      const refused = { name: 'TypeError', message };
      const hint = JSON.stringify(options);
      await assert.rejects(createApp({ ...all, logger: false }), refused, hint);
      await assert.rejects(async () => Fastify().register(latchkey, all), refused, hint);
    }
    await assert.rejects(openLatchkey({ ...testOptions(), audiance: 'x' } as never), TypeError);
    await assert.rejects(openLatchkey({ ...testOptions(), docs: true } as never), TypeError);
    await assert.rejects(createApp({ ...testOptions(), loger: false } as never), /"logger"/);
    for (const [name, options] of notOptions) {
      if (options === undefined) continue;
      await assert.rejects(openLatchkey(options as never), TypeError, name);
      await assert.rejects(createApp(options as never), TypeError, name);
    }
  });

  test('are read from the environment once, by createApp and by the plugin', async () => {
    let reads = 0;
    const ownKeys = (target: object) => {
      reads += 1;
      return Reflect.ownKeys(target);
    };
    const env = new Proxy({}, { ownKeys });
    await (await createApp({ ...testOptions(), env })).close();
    assert.equal(reads, 1);
    const host = Fastify();
    await host.register(latchkey, { ...testOptions(), env });
    await host.close();
    assert.equal(reads, 2);
  });

  test('may be undefined where a variable or a default takes the place of a setting', async () => {
    const app = await createApp({ ...testOptions(), port: undefined, audience: undefined });
    assert.equal(app.latchkey.settings.audience, ISSUER);
    await app.close();
  });

  test('of requireUser let guests in where a route says so', async () => {
    const host = await startHost({}, (app) => {
      app.get('/guests', { onRequest: app.requireUser({ optional: true }) }, (request) => ({
        name: findUser(request)?.username ?? null,
        same: findUser(request) === request.user,
      }));
    });
    const { body } = await host.register('jane');
    const token = String(body['access_token']);
    assert.deepEqual((await host.send('/guests')).body, { name: null, same: true });
    assert.deepEqual((await host.send('/guests', { token })).body, { name: 'jane', same: true });
    assertProblem(await host.send('/guests', { token: `${token}A` }), 401);
    assert.equal((await host.send('/auth/logout', { method: 'POST', token })).status, 204);
    assertProblem(await host.send('/guests', { token }), 401);
    await host.close();
  });

  test('may name several audiences, which tokens carry and introspection says', async () => {
    const audience = ['https://a.example', 'https://b.example'];
    const host = await startHost({ audience }, () => {});
    const token = String((await host.register('jane')).body['access_token']);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    assert.deepEqual(claims.aud, audience);
    assert.equal((await host.send('/auth/me', { token })).status, 200);
    const { key } = await host.app.latchkey.clients.create({ name: 'api', kind: 'guard' });
    const answer = await host.send('/auth/introspect', { form: { token }, token: key });
    assert.deepEqual([answer.body['active'], answer.body['aud']], [true, audience]);
    const jwks = (await host.send('/.well-known/jwks.json')).body;
    for (const name of audience) {
      const keys = { keys: jwks['keys'] };
      const guard = createGuard({ keys, issuer: ISSUER, audience: name, clock: host.clock });
      assert.equal(guard.verify(token).username, 'jane');
    }
    const other = createGuard({ keys: { keys: jwks['keys'] }, issuer: ISSUER, clock: host.clock });
    assert.throws(() => other.verify(token), { code: 'token_wrong_audience' });
    await host.close();
  });

  test('of requireUser are never dropped', async () => {
    const host = await startHost({}, (app) => {
      for (const [wrong, message] of wrongRequirements) {
        assert.throws(() => app.requireUser(wrong as never), { name: 'TypeError', message });
      }
      for (const [name, wrong] of notOptions) {
        assert.throws(() => app.requireUser(wrong as never), TypeError, name);
      }
    });
    await host.close();
  });
});

suite("a host's routes", () => {
  test('see the user behind requireUser, as onRequest and as preHandler, on a route and on a scope', async () => {
    const host = await startHost({}, async (app) => {
      const onRequest = app.requireUser();
      app.get('/a', { onRequest }, (request) => ({ user: request.user.username }));
      app.get('/b', { preHandler: onRequest }, async ({ user }) => ({ user: user.username }));
      app.post('/c', { onRequest }, (request) => ({ user: request.user.sub, body: request.body }));
      await app.register(async (scope) => {
        scope.addHook('onRequest', scope.requireUser({ roles: ['admin'] }));
        scope.get('/admin', ({ user }) => ({ roles: user.roles }));
      });
    });
    const { body } = await host.register('jane');
    const token = body['access_token'];
    assert.deepEqual((await host.send('/a', { token })).body, { user: 'jane' });
    assert.deepEqual((await host.send('/b', { token })).body, { user: 'jane' });
    const posted = await host.send('/c', { token, json: { any: ['thing'] } });
    assert.deepEqual(posted.body, { user: body['user'].id, body: { any: ['thing'] } });
    for (const path of ['/a', '/b', '/admin']) assertProblem(await host.send(path), 401, path);
    assertProblem(await host.send('/c', { json: {} }), 401);
    assertProblem(await host.send('/admin', { token }), 403);

    const cookies = { '__Host-latchkey_access': token };
    assert.equal((await host.send('/a', { cookies })).status, 200);
    assertProblem(await host.send('/c', { cookies, json: {} }), 403);
    const headers = { 'sec-fetch-site': 'same-origin' };
    assert.equal((await host.send('/c', { cookies, json: {}, headers })).status, 200);
    await host.close();
  });

  test('that forgot their guard fail instead of running for nobody', async () => {
    const seen: unknown[] = [];
    const host = await startHost(
      {},
      (app) => app.get('/open', (request) => ({ hello: request.user.username })),
      {
        before: (app) =>
          app.setErrorHandler((error, _request, reply) => {
            seen.push(error);
            return reply.code(500).send('failed');
          }),
      },
    );
    const { body } = await host.register('jane');
    assert.equal((await host.send('/open', { token: body['access_token'] })).status, 500);
    assert.match(String(seen), /without app\.requireUser\(\)/);
    await host.close();
  });

  test('cannot change the user for the next request', async () => {
    const host = await startHost(
      { claims: () => ({ team: { name: 'red', tags: ['x'] } }) },
      (app) => {
        app.get('/poison', { onRequest: app.requireUser() }, (request) => {
          const user = request.user as unknown as Record<string, unknown> & {
            team: Record<string, unknown>;
          };
          const attempts = [
            () => Object.assign(user, { roles: ['admin'] }),
            () => Object.assign(user.team, { name: 'blue' }),
            () => (user.team['tags'] as string[]).push('y'),
            () => Reflect.deleteProperty(user, 'exp') || assert.fail(),
            () => Object.assign(request, { user: { sub: 'root' } }),
          ];
          for (const attempt of attempts) assert.throws(attempt);
          return { done: true };
        });
        app.get('/user', { onRequest: app.requireUser() }, ({ user }) => user);
      },
    );
    const { body } = await host.register('jane');
    const token = body['access_token'];
    const before = (await host.send('/user', { token })).text;
    assert.deepEqual((await host.send('/poison', { token })).body, { done: true });
    assert.equal((await host.send('/user', { token })).text, before);
    await host.close();
  });

  test('answer what Latchkey throws with a problem document', async () => {
    const errors: Record<string, [Error, number]> = {
      input: [new InvalidInput([{ field: 'x', problem: 'Wrong "x".' }]), 400],
      credentials: [new CredentialsRefused(), 401],
      forbidden: [new AccessDenied('insufficient_scope', 'No.', ['a']), 403],
      overloaded: [new ServerOverloaded('Busy. Try again.', 7), 503],
      store: [new StoreUnavailable('Down. Try again.', { cause: new Error('m4rk3r') }), 503],
    };
    const host = await startHost({}, (app) => {
      for (const [name, [error]] of Object.entries(errors)) {
        app.get(`/throw/${name}`, () => {
          throw error;
        });
        app.get(`/reject/${name}`, async () => Promise.reject(error));
      }
      app.get('/users', async () => app.latchkey.users.setRoles('nobody', []));
      app.post('/users', async ({ body }) => app.latchkey.auth.registerRaw(body));
    });
    for (const [name, [, status]] of Object.entries(errors)) {
      assertProblem(await host.send(`/throw/${name}`), status, name);
      const answer = await host.send(`/reject/${name}`);
      assertProblem(answer, status, name);
      if (name === 'overloaded') assert.equal(answer.headers.get('retry-after'), '7');
    }
    assertProblem(await host.send('/users'), 404);
    assertProblem(await host.send('/users', { json: { role: 'admin' } }), 400);
    await host.close();
  });
});

suite("a host's own ways", () => {
  const warnings: string[] = [];
  process.on('warning', ({ message }) => warnings.push(message));

  const build = (app: FastifyInstance) => {
    app.get('/fail', () => {
      throw Object.assign(new Error('ours'), { statusCode: 418 });
    });
    app.get('/latchkey', () => {
      throw new CredentialsRefused();
    });
    app.get(
      '/own',
      { errorHandler: (_error, _request, reply) => reply.code(419).send('own') },
      () => {
        throw new CredentialsRefused();
      },
    );
    app.post('/echo', ({ body }) => ({ body }));
    const schema = {
      body: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } },
      response: { 200: { type: 'object', properties: { n: { type: 'number' } } } },
    };
    app.post('/valid', { schema }, ({ body }) => Object.assign({ hidden: 1 }, body));
  };
  const errorHandler = (app: FastifyInstance) =>
    app.setErrorHandler<Error>((error, _request, reply) =>
      reply.code(420).send({ handled: error.message }),
    );

  test('of handling errors stay as they are, set before or after', async () => {
    for (const place of ['before', 'after', 'strict'] as const) {
      const host = await startHost(
        {},
        (app) => {
          if (place === 'after') errorHandler(app);
          build(app);
        },
        {
          ...(place === 'after' ? {} : { before: errorHandler }),
          ...(place === 'strict' ? { allowErrorHandlerOverride: false } : {}),
        },
      );
      const failed = await host.send('/fail');
      assert.equal(failed.status, 420, place);
      assert.deepEqual(failed.body, { handled: 'ours' });
      assertProblem(await host.send('/latchkey'), 401, place);
      assert.equal((await host.send('/own')).status, 419);
      assert.equal((await host.send('/valid', { json: { n: 'x' } })).status, 420);
      assertProblem(await host.send('/auth/me'), 401);
      assertProblem(
        await host.send('/auth/login', {
          body: '{',
          headers: { 'content-type': 'application/json' },
        }),
        400,
      );
      assert.equal((await host.send('/nowhere')).body['error'], 'Not Found');
      await host.close();
    }
    assert.deepEqual(warnings, []);
  });

  test('of reading and checking bodies stay as they are', async () => {
    const host = await startHost({}, build, {
      bodyLimit: 100_000,
      before: (app) =>
        app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) =>
          done(null, body),
        ),
    });
    const plain = { 'content-type': 'text/plain' };
    assert.deepEqual((await host.send('/echo', { body: 'words', headers: plain })).body, {
      body: 'words',
    });
    const big = 'x'.repeat(90_000);
    assert.equal((await host.send('/echo', { json: { big } })).status, 200);
    assertProblem(await host.send('/auth/login', { json: { big } }), 413);
    assertProblem(await host.send('/auth/login', { body: 'words', headers: plain }), 415);

    assert.equal((await host.send('/valid', { json: {} })).status, 400);
    assert.deepEqual((await host.send('/valid', { json: { n: '7' } })).body, { n: 7 });
    const failed = await host.send('/fail');
    assert.equal(failed.status, 418);
    assert.equal(failed.body['message'], 'ours');
    assert.equal((await host.send('/nowhere')).headers.get('content-security-policy'), null);
    await host.close();
  });

  test('yield to problem documents where it asks for that', async () => {
    const host = await startHost({ errors: 'all' }, build);
    assertProblem(await host.send('/valid', { json: { n: 'x' } }), 400);
    const failed = await host.send('/fail');
    assert.equal(failed.headers.get('content-type'), 'application/problem+json');
    await host.close();
  });
});

suite('HTTP/2', () => {
  test('may send a body whose length no header tells, and none with a type', async () => {
    const app = Fastify({ http2: true });
    await app.register(latchkey, { ...testOptions(), issuer: 'http://127.0.0.1:8000' });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const session = connect(url);
    try {
      const post = async (path: string, type: string, body: string) => {
        const headers = { ':method': 'POST', ':path': path, 'content-type': type };
        const stream = session.request(headers);
        stream.end(body);
        const [answer] = await once(stream, 'response');
        stream.resume();
        return answer[':status'];
      };
      const json = JSON.stringify({ username: 'jane', password: PASSWORD });
      assert.equal(await post('/auth/register', 'application/json', json), 201);
      assert.equal(await post('/auth/login', 'application/json', json), 200);
      assert.equal(await post('/auth/logout', 'text/plain', ''), 401);
      assert.equal(await post('/auth/logout', 'text/plain', 'x'), 415);
    } finally {
      session.destroy();
      await app.close();
    }
  });
});

suite('fields', () => {
  test('are set at registration, shown with the user and documented', async () => {
    const host = await startHost(
      {
        docs: true,
        fields: {
          first_name: { type: 'string', required: true, maxLength: 10 },
          age: { type: 'number' },
          news: { type: 'boolean' },
        },
      },
      () => {},
    );
    const fields = { first_name: 'Jane', age: 40, news: false };
    const { body, status } = await host.register('jane', fields);
    assert.equal(status, 201);
    assert.equal(body['user'].first_name, 'Jane');
    const me = await host.send('/auth/me', { token: body['access_token'] });
    assert.equal(me.body['age'], 40);
    assert.equal(me.body['news'], false);
    for (const wrong of [
      {},
      { first_name: 1 },
      { first_name: '' },
      { first_name: 'x'.repeat(11) },
      { first_name: null },
      { first_name: 'x', age: '40' },
      { first_name: 'x', age: null },
      { first_name: 'x', news: 'yes' },
      { first_name: 'x', last_name: 'y' },
      { first_name: 'x', profile: {} },
    ]) {
      assertProblem(await host.register('john', wrong), 400, JSON.stringify(wrong));
    }
    const document = (await host.send('/openapi.json')).body;
    const { Registration } = document['components'].schemas;
    assert.ok(Registration.required.includes('first_name'));
    assert.ok(Registration.properties.news);
    await host.close();
  });

  test('cannot have names that mean something', async () => {
    for (const name of [
      'id',
      'roles',
      'role',
      'password_hash',
      'email_verified',
      '__proto__',
      'a b',
      '',
    ]) {
      const fields = Object.fromEntries([[name, { type: 'string' as const }]]);
      await assert.rejects(
        startHost({ fields }, () => {}),
        /fields/,
        name,
      );
    }
  });
});

suite('a hash from another system', () => {
  test('is taken where a password can match it, and refused with the reason elsewhere', async () => {
    const host = await startHost({}, () => {});
    const { users } = host.app.latchkey;
    // A hash of the standard password, by bcrypt of cost 4.
    const passwordHash = '$2b$04$8XiVqhrFP1ndD65udRHy4uezTHiRfkGdpv/3XioXtjd2ztYiQoAE6';
    for (const [wrong, reason] of [
      [`${passwordHash}\n`, /line break/],
      [passwordHash.slice(0, 40), /has 40 characters/],
      ['$argon2id$v=19$m=64,t=1,p=1$x$y', /salt/],
      [passwordHash.replace('$04$', '$16$'), /cost 16/],
      ['$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA', /argon2id/],
    ] as const) {
      for (const add of [users.create.bind(users), users.ensure.bind(users)]) {
        await assert.rejects(add({ username: 'old', passwordHash: wrong }), (error) => {
          assert.ok(error instanceof InvalidInput);
          assert.match(error.message, reason);
          assert.ok(!error.message.includes(passwordHash.slice(8, 30)));
          return true;
        });
      }
    }
    await users.create({ username: 'old', passwordHash });
    assert.equal((await host.login('old')).status, 200);
    await host.close();
  });
});

suite('the claims hook', () => {
  test('adds to every token, asynchronously too, from what is stored then', async () => {
    const host = await startHost(
      {
        claims: async (user, session) => ({
          tenant: `t-${user.username}`,
          since: session.createdAt,
          nbf: 1,
        }),
      },
      (app) => app.get('/claims', { onRequest: app.requireUser() }, ({ user }) => user),
    );
    const { body } = await host.register('jane');
    const claims = (await host.send('/claims', { token: body['access_token'] })).body;
    assert.equal(claims['tenant'], 't-jane');
    assert.equal(claims['nbf'], 1);
    await host.close();
  });

  test('cannot set what Latchkey sets, and a failing one leaves nothing behind', async () => {
    const reserved = [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'jti',
      'sid',
      'client_id',
      'auth_time',
      'amr',
      'roles',
      'scope',
      'username',
    ];
    let own: () => Record<string, unknown> = () => ({});
    const host = await startHost({ claims: () => own() }, () => {}, { logger: false });
    for (const name of reserved) {
      own = () => ({ [name]: 'x' });
      assertProblem(await host.register('jane'), 500, name);
    }
    own = () => {
      throw new Error('m4rk3r');
    };
    assertProblem(await host.register('jane'), 500);
    own = () => ({ huge: 'x'.repeat(10_000) });
    assertProblem(await host.register('jane'), 500);
    assert.deepEqual(await host.app.latchkey.users.list(), []);
    own = () => ({});
    assert.equal((await host.register('jane')).status, 201);
    await host.close();
  });
});

suite('the scopes hook', () => {
  test('grants, and a sign-in can narrow but never widen', async () => {
    const host = await startHost({ scopes: async () => ['read', 'write'] }, () => {});
    const registered = await host.register('jane');
    assert.equal(registered.body['scope'], 'read write');
    const login = async (scope: string) =>
      (await host.send('/auth/login', { json: { username: 'jane', password: PASSWORD, scope } }))
        .body['scope'];
    assert.equal(await login('write read'), 'read write');
    assert.equal(await login('read'), 'read');
    assert.equal(await login('read admin'), 'read');
    assert.equal(await login('admin'), undefined);
    assert.equal(await login(''), 'read write');
    const verified = await host.send('/auth/verify', { token: registered.body['access_token'] });
    assert.equal(verified.headers.get('x-auth-scope'), 'read write');
    await host.close();
  });

  test('that returns an invalid scope fails loudly instead of granting something else', async () => {
    for (const scopes of [['read write'], [''], ['a"b'], ['a\nb'], ['é'], 'read', [1], [null]]) {
      const host = await startHost({ scopes: () => scopes as string[] }, () => {});
      assertProblem(await host.register('jane'), 500, JSON.stringify(scopes));
      await host.close();
    }
  });
});

suite('two apps in one process', () => {
  test('share nothing', async () => {
    const one = await startServer();
    const two = await startServer();
    const { body } = await one.register('jane');
    assert.equal((await two.login('jane')).status, 401);
    assert.equal((await two.send('/auth/me', { token: body['access_token'] })).status, 401);
    const json = { refresh_token: body['refresh_token'] };
    const refreshed = await two.send('/auth/refresh', { json });
    assert.equal(refreshed.status, 401);
    await two.close();
    assert.equal((await one.send('/auth/me', { token: body['access_token'] })).status, 200);
    await one.close();
  });
});

suite('an app that listens elsewhere than at its issuer', () => {
  const tls = {
    key: readFileSync(new URL('../support/tls/server-key.pem', import.meta.url)),
    cert: readFileSync(new URL('../support/tls/server.pem', import.meta.url)),
  };

  async function findFreePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  async function listWarnings(
    options: LatchkeyPluginOptions,
    where: { port: number } | { path: string },
    { https, inScope = false }: { https?: typeof tls; inScope?: boolean } = {},
  ): Promise<string[]> {
    const lines: string[] = [];
    const logger = { level: 'warn', stream: { write: (line: string) => lines.push(line) } };
    const app = Fastify({ logger, ...(https === undefined ? {} : { https }) });
    const { issuer: _, ...rest } = testOptions();
    const register = (scope: FastifyInstance) => scope.register(latchkey, { ...rest, ...options });
    await (inScope ? app.register(async (scope) => register(scope)) : register(app));
    await app.listen({ host: '127.0.0.1', ...where });
    await app.close();
    return lines.map((line) => JSON.parse(line).msg);
  }

  test('is told so', async () => {
    const [port, other] = [await findFreePort(), await findFreePort()];
    const socket = { path: join(testOptions().dataDir ?? '', 'app.sock') };
    const wrong = /^The app listens on .*, but its issuer is http.* refused\. (Set|Give) /;
    const told = [
      await listWarnings({}, { port }),
      await listWarnings({ port: other }, { port }),
      await listWarnings({ env: { LATCHKEY_PORT: String(other) } }, { port }, { inScope: true }),
      await listWarnings({ port }, { port }, { https: tls }),
      await listWarnings({ port }, socket),
      await listWarnings({ issuer: `http://localhost:${other}` }, { port }),
      await listWarnings({ issuer: `https://127.0.0.1:${port}` }, { port }),
    ];
    for (const lines of told) {
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', wrong);
    }
    const begin = `The app listens on port ${port} (http), but its issuer is http://127.0.0.1:${other},`;
    assert.equal(told[1]?.[0]?.slice(0, begin.length), begin);
  });

  test('is told nothing where it listens there, or where a proxy does', async () => {
    const port = await findFreePort();
    const silent = [
      await listWarnings({ port }, { port }),
      await listWarnings({ issuer: `http://localhost:${port}` }, { port }),
      await listWarnings({ issuer: `https://localhost:${port}` }, { port }, { https: tls }),
      await listWarnings({ issuer: 'https://auth.example.com' }, { port }),
      await listWarnings({ issuer: 'http://auth.internal' }, { port }),
    ];
    assert.deepEqual(silent.flat(), []);
  });
});

suite('a start that has to wait', () => {
  /** Options for a database whose file another process has locked. */
  async function lockDatabase(t: TestContext) {
    const options = testOptions();
    const path = join(options.dataDir ?? '', 'locked.db');
    const databaseUrl = `sqlite:${path}`;
    await (await openLatchkey({ ...options, databaseUrl })).close();
    const other = new DatabaseSync(path);
    t.after(() => other.close());
    other.exec('begin immediate');
    return { options: { ...options, databaseUrl }, release: () => other.exec('rollback') };
  }

  test("is not ended by Fastify's limit for plugins", async (t) => {
    const { options, release } = await lockDatabase(t);
    const pluginTimeout = 300;
    setTimeout(release, 3 * pluginTimeout);
    const host = await startHost(options, () => {}, { pluginTimeout });
    assert.equal((await host.register('jane')).status, 201);
    await host.close();
  });

  test('says what it waits for, and gives up in our words', async (t) => {
    const { options } = await lockDatabase(t);
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) };
    const app = Fastify({ logger: { level: 'warn', stream } });
    await assert.rejects(async () => app.register(latchkey, { ...options, startTimeout: 4 }), {
      name: 'StoreUnavailable',
      message:
        /^Latchkey gave up waiting for another process that holds .*lock.* after 4 s\. If no process does, end /,
    });
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).msg.replace(/ that .*;/, ' …;')),
      ['Latchkey is waiting for another process …; this has taken 3 s so far.'],
    );
  });

  test('tells the host itself where it asks, and standard error where there is no logger', async (t) => {
    const told: string[] = [];
    const printed: string[] = [];
    const { error } = console;
    console.error = (text: string) => printed.push(text);
    t.after(() => {
      console.error = error;
    });
    const { options } = await lockDatabase(t);
    const starts = [{ onWait: (text: string) => told.push(text) }, {}].map((more) =>
      assert.rejects(
        async () => Fastify().register(latchkey, { ...options, ...more, startTimeout: '4s' }),
        StoreUnavailable,
      ),
    );
    await Promise.all(starts);
    assert.equal(told.length, 1);
    assert.deepEqual(
      printed,
      told.map((text) => `latchkey: ${text}`),
    );
  });

  test('has a limit that can be read', async () => {
    for (const startTimeout of ['soon', 0, '2d']) {
      await assert.rejects(
        openLatchkey({ ...testOptions(), startTimeout }),
        /^InvalidSetting: startTimeout: /,
      );
    }
  });
});

test('a wrong setting is printed as a sentence alone', async () => {
  const starts = [
    () => createApp({ ...testOptions(), port: 'many' }),
    async () => Fastify().register(latchkey, { ...testOptions(), secret: 'short' }),
    async () => Fastify().register(latchkey, { ...testOptions(), databaseUrl: 'mysql://h' }),
  ];
  for (const start of starts) {
    await assert.rejects(start, (error) => {
      assert.ok(error instanceof InvalidSetting);
      assert.equal(inspect(error), `[InvalidSetting: ${error.message}]`);
      assert.equal(error.code, 'invalid_setting');
      return true;
    });
  }
});
