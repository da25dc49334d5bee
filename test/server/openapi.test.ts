import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { FastifyInstance } from 'fastify';
import { PASSWORD, startHost, startServer, type TestRequest } from '../support/server.ts';

interface Schema {
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: boolean;
  readonly minLength?: number;
  readonly enum?: readonly string[];
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
  readonly responses: Readonly<Record<string, Response>>;
}
interface Response {
  readonly $ref?: string;
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

const server = await startServer({ issuer: 'http://auth.example', sendMail: () => {} });
const { send } = server;
const document = (await send('/openapi.json')).body;
const components: Readonly<Record<string, Schema>> = document['components'].schemas;
/** The schema itself, where it stands elsewhere. */
function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const found = components[schema.$ref.replace('#/components/schemas/', '')];
  assert.ok(found, schema.$ref);
  return found;
}
const shared: Readonly<Record<string, Response>> = document['components'].responses;
function resolveResponse(response: Response): Response {
  if (response.$ref === undefined) return response;
  const found = shared[response.$ref.replace('#/components/responses/', '')];
  assert.ok(found, response.$ref);
  return found;
}
const operations = Object.entries(document['paths']).flatMap(([path, methods]) =>
  Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path: path.replace(/\{\w+\}/g, '01890000-0000-7000-8000-000000000000'),
    operation,
  })),
);

suite('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    assert.equal(result.valid, true, JSON.stringify(result.errors, null, 1));
    assert.equal(validator.version, '3.1');
  });

  test('names each schema, writes it once, and refers to it', () => {
    for (const name of ['User', 'Session', 'Tokens', 'Problem', 'OAuthError', 'Registration']) {
      assert.ok(components[name]?.properties, name);
    }
    const text = JSON.stringify(document);
    assert.doesNotMatch(text, /x-schema-name/);
    for (const [name, schema] of Object.entries(components)) {
      assert.ok(text.includes(`"#/components/schemas/${name}"`), `${name} is used`);
      assert.equal(text.split(JSON.stringify(schema)).length, 2, `${name} stands once`);
    }
    const refer = (schema: Schema) => schema.$ref !== undefined || schema.anyOf?.every(refer);
    for (const { name, operation } of operations) {
      const answers = Object.values(operation.responses)
        .map(resolveResponse)
        .map(({ content }) => content);
      for (const content of [operation.requestBody?.content, ...answers]) {
        for (const [type, { schema }] of Object.entries(content ?? {})) {
          assert.ok(refer(schema) || type === 'text/event-stream', `${name} ${type}`);
        }
      }
    }
  });

  test('names each refusal, writes it once, and refers to it', () => {
    assert.deepEqual(Object.keys(shared).sort(), [
      'BadRequest',
      'Conflict',
      'Forbidden',
      'NotFound',
      'PayloadTooLarge',
      'ServiceUnavailable',
      'TooManyRequests',
      'Unauthorized',
      'UnsupportedMediaType',
    ]);
    for (const { name, operation } of operations) {
      for (const [status, response] of Object.entries(operation.responses)) {
        const { description, content } = resolveResponse(response);
        const isProblem = content?.['application/problem+json'] !== undefined;
        assert.equal(response.$ref !== undefined, isProblem, `${name} ${status}`);
        if (status === '404') assert.match(description, /does not exist/);
      }
    }
  });

  test('keeps the refusals of a host beside ours', async () => {
    const content = {
      'application/problem+json': { schema: { type: 'object', properties: { legs: {} } } },
    };
    const ours = shared['NotFound']?.description;
    const schema = {
      response: {
        404: { description: ours, content },
        401: { type: 'object', description: 'No.' },
      },
    };
    const host = await startHost({ docs: true }, (app) => {
      app.get('/own', { schema }, () => ({}));
      app.get('/plain', () => '');
    });
    const { body } = await host.send('/openapi.json');
    const { responses } = body['paths']['/own'].get;
    assert.deepEqual(responses['404'], { description: ours, content });
    assert.equal(responses['401'].description, 'No.');
    assert.ok(body['paths']['/plain'].get.responses['200']);
    await host.close();
  });

  test('keeps the schemas of a host beside ours', async () => {
    const host = await startHost({ docs: true, fields: { city: { type: 'string' } } }, (app) => {
      app.addSchema({ $id: 'User', type: 'object', properties: { legs: { type: 'number' } } });
      const schema = { response: { 200: { $ref: 'User#' } } };
      app.get('/own', { schema }, async () => ({ legs: 2 }));
    });
    assert.deepEqual((await host.send('/own')).body, { legs: 2 });
    const { body } = await host.send('/openapi.json');
    assert.ok(body['components'].schemas.User.properties.username);
    assert.ok(body['components'].schemas.Registration.properties.city);
    const { $ref } = body['paths']['/own'].get.responses['200'].content['application/json'].schema;
    assert.ok(body['components'].schemas[$ref.split('/').at(-1)].properties.legs);
    await host.close();
  });

  test('describes the routes of a host that only its host can tell apart, and its own methods', async () => {
    const host = await startHost({ docs: true }, (app) => {
      app.addHttpMethod('PROPFIND');
      app.route({ method: 'PROPFIND', url: '/search', handler: () => '' });
      for (const name of ['one.example', 'two.example']) {
        app.get('/shared/:id', { constraints: { host: name } }, () => '');
      }
      const swaggerTransform = ({ schema, url }: { schema: object; url: string }) => ({
        schema: { ...schema, summary: `Transformed ${url}` },
        url,
      });
      app.get('/transformed', { config: { swaggerTransform } as object }, () => '');
      app.get('/with-head', { config: { swagger: { exposeHeadRoute: true } } as object }, () => '');
    });
    const { paths } = (await host.send('/openapi.json')).body;
    assert.deepEqual(Object.keys(paths['/search']), ['propfind']);
    assert.equal(paths['/shared/{id}'].get.parameters[0].name, 'id');
    assert.equal(paths['/transformed'].get.summary, 'Transformed /transformed');
    assert.deepEqual(Object.keys(paths['/with-head']).sort(), ['get', 'head']);
    await host.close();
  });

  test('is served as JSON that no browser mistakes', async () => {
    const { headers } = await send('/openapi.json');
    assert.match(headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  });

  test('has every route there is, and none that is not', async () => {
    const routes = new Set<string>();
    const host = await startHost(
      { docs: true },
      (app) => app.get('/of-the-host', { schema: { summary: 'Ours' } }, () => ''),
      {
        before: (app: FastifyInstance) =>
          app.addHook('onRoute', ({ method, url }) => {
            for (const each of [method].flat()) routes.add(`${each} ${url.replace(':id', '{id}')}`);
          }),
      },
    );
    const hidden = /^(HEAD .*|GET \/docs.*|GET \/openapi\.json)$/;
    const served = [...routes].filter((route) => !hidden.test(route)).sort();
    const described = Object.entries((await host.send('/openapi.json')).body['paths'])
      .flatMap(([path, methods]) =>
        Object.keys(Object(methods)).map((m) => `${m.toUpperCase()} ${path}`),
      )
      .sort();
    assert.deepEqual(described, served);
    assert.ok(described.includes('GET /of-the-host') && described.length > 13);
    await host.close();
  });

  test('tells people what each operation is, and what each answer means', () => {
    const ids = new Set<string>();
    for (const { name, operation } of operations) {
      assert.ok(operation.summary, name);
      if (name.includes('/auth/')) assert.ok(operation.description, name);
      assert.ok(operation.operationId && !ids.has(operation.operationId), name);
      ids.add(operation.operationId);
      for (const [status, response] of Object.entries(operation.responses)) {
        const { description } = resolveResponse(response);
        assert.notEqual(description, 'Default Response', `${name} ${status}`);
      }
    }
  });

  test('says how to sign in', () => {
    const { account } = document['components'].securitySchemes;
    assert.equal(account.flows.password.tokenUrl, '/auth/token');
    for (const { name, operation } of operations) {
      const isOpen =
        !name.includes('/admin/') &&
        /register|login|token|forgot|reset$|refresh$|POST .auth.mfa$|revoke$|well-known|healthz|readyz/.test(
          name,
        );
      assert.equal(operation.security === undefined, isOpen, name);
    }
  });
});

suite('the files of the page at /docs', () => {
  test('are sent once, and then confirmed', async () => {
    const path = '/docs/static/swagger-ui.css';
    const { status, headers, text } = await send(path);
    assert.equal(status, 200);
    assert.match(text, /swagger-ui/);
    assert.match(headers.get('content-type') ?? '', /^text\/css/);
    const condition = { 'if-none-match': headers.get('etag') ?? '' };
    const again = await send(path, { headers: condition });
    assert.deepEqual([again.status, again.text], [304, '']);
    const head = await send(path, { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), headers.get('content-length'));
  });

  test('are those of the page and no others', async () => {
    for (const file of ['nothing.js', '..%2f..%2fpackage.json', '%2e%2e/index.js', '%3f']) {
      const answer = await send(`/docs/static/${file}`);
      assert.deepEqual([answer.status, answer.body['code']], [404, 'not_found'], file);
    }
  });

  test('lead to the page, which has one address', async () => {
    for (const [path, location] of [
      ['/docs/', '../docs'],
      ['/docs/?a', '../docs'],
      ['/docs/static/index.html', '../../docs'],
    ] as const) {
      const answer = await send(path);
      assert.deepEqual([answer.status, answer.headers.get('location')], [302, location]);
    }
  });
});

suite('what the OpenAPI document says', () => {
  let users = 0;
  /** A fresh sign-in, because many of these requests end it. */
  const signIn = async (): Promise<string> => {
    const { body } = await server.register(`user${users++}`);
    return body['access_token'];
  };
  const signInAsAdmin = async (): Promise<string> => {
    const username = `admin${users++}`;
    await server.app.latchkey.users.create({ username, password: PASSWORD, roles: ['admin'] });
    return (await server.login(username)).body['access_token'];
  };
  /** What an operation that says so needs. */
  const credential = async ({ security, tags }: Operation): Promise<TestRequest> => {
    if (security === undefined) return {};
    if (tags?.includes('Administration')) return { token: await signInAsAdmin() };
    if (security.some((scheme) => 'account' in scheme)) return { token: await signIn() };
    const { key } = await server.app.latchkey.clients.create({
      name: `guard ${users++}`,
      kind: 'guard',
    });
    return { token: key };
  };
  const sample = (schema: Schema): string =>
    schema.enum?.[0] ?? 'sample password'.padEnd(schema.minLength ?? 0, 'x');

  const encodings: Record<string, (members: Record<string, string>) => TestRequest> = {
    'application/json': (json) => ({ json }),
    'application/x-www-form-urlencoded': (form) => ({ form }),
  };

  test('is required is missed', async () => {
    let checked = 0;
    for (const { name, method, path, operation } of operations) {
      for (const [type, body] of Object.entries(operation.requestBody?.content ?? {})) {
        const schema = resolve(body.schema);
        const encode = encodings[type];
        assert.ok(encode, `${name} takes ${type}`);
        const token = await credential(operation);
        for (const missing of schema.required ?? []) {
          const entries = Object.entries(schema.properties ?? {});
          const members = entries.filter(([member]) => member !== missing);
          const values = members.map(([member, each]) => [member, sample(each)] as const);
          const answer = await send(path, {
            method,
            ...encode(Object.fromEntries(values)),
            ...token,
          });
          assert.equal(answer.status, 400, `${name} without ${missing}`);
          assert.match(answer.text, new RegExp(missing));
          checked++;
        }
      }
    }
    assert.ok(checked >= 6);
  });

  test('must have a body must, and what need not needs none', async () => {
    for (const { name, method, path, operation } of operations) {
      if (operation.requestBody === undefined) continue;
      const { status } = await send(path, { method, ...(await credential(operation)) });
      const isMissed = status === 400 || status === 415;
      assert.equal(isMissed, operation.requestBody.required === true, `${name}: ${status}`);
    }
    const signIn = await server.register(`user${users++}`);
    const cookies = { latchkey_refresh: signIn.body['refresh_token'] };
    const headers = { 'sec-fetch-site': 'same-origin' };
    for (const [path, expected] of [
      ['/auth/refresh', 200],
      ['/auth/logout', 204],
    ] as const) {
      const answer = await send(path, { method: 'POST', cookies, headers });
      assert.equal(answer.status, expected);
      assert.equal(document['paths'][path].post.requestBody.required, false);
    }
  });

  test('is taken is taken, and nothing else where it says so', async () => {
    for (const { name, method, path, operation } of operations) {
      for (const [type, body] of Object.entries(operation.requestBody?.content ?? {})) {
        const schema = resolve(body.schema);
        if (schema.additionalProperties !== false) continue;
        const token = await credential(operation);
        for (const member of [...Object.keys(schema.properties ?? {}), 'unheard_of']) {
          const sent = encodings[type]?.({ [member]: 'x' });
          const answer = await send(path, { method, ...sent, ...token });
          const isUnknown = answer.text.includes(`\\"${member}\\" is not something`);
          assert.equal(isUnknown, member === 'unheard_of', `${name}: ${member}`);
        }
      }
    }
  });

  test('is answered is answered, in the shape it says', async () => {
    const seen = new Set<string>();
    const wrongs: Record<string, () => Promise<TestRequest> | TestRequest> = {
      nothing: () => ({}),
      'a token': async () => ({ token: await signIn() }),
      'a token and a body': async () => ({ token: await signIn(), json: {} }),
      'a bad token': () => ({ token: 'x.y.z' }),
      'a token in the address': () => ({}),
      'a cookie from another site': async () => ({ cookies: { latchkey_access: await signIn() } }),
      'broken JSON': async () => ({
        body: '{',
        headers: { 'content-type': 'application/json' },
        token: await signIn(),
      }),
      'plain text': async () => ({
        body: 'x',
        headers: { 'content-type': 'text/plain' },
        token: await signIn(),
      }),
      'too much': async () => ({ json: 'x'.repeat(70_000), token: await signIn() }),
      'a sign-in': async () => ({ json: { username: 'user0', password: PASSWORD } }),
      'a new user': () => ({ json: { username: `new${users++}`, password: PASSWORD } }),
      'a wrong password': () => ({ json: { username: 'user0', password: 'not the password' } }),
      'a grant': () => ({
        form: { grant_type: 'password', username: 'user0', password: PASSWORD },
      }),
      'a question about a token': async () => {
        const { key } = await server.app.latchkey.clients.create({
          name: `guard ${users++}`,
          kind: 'guard',
        });
        return { form: { token: await signIn() }, token: key };
      },
      'a change of password': async () => ({
        json: { current_password: PASSWORD, new_password: 'another good one' },
        token: await signIn(),
      }),
      'the password again': async () => ({ json: { password: PASSWORD }, token: await signIn() }),
      'an authenticator': async () => ({ json: { name: 'Phone' }, token: await signIn() }),
      'another name': async () => ({ json: { name: 'Jane' }, token: await signIn() }),
      'a forgotten password': () => ({ json: { email: `user${users++}@example.com` } }),
      'a refresh token': async () => {
        const { body } = await server.register(`user${users++}`);
        return { json: { refresh_token: body['refresh_token'] } };
      },
    };
    await signIn();
    for (const { name, method, path, operation } of operations) {
      for (const [what, build] of Object.entries(wrongs)) {
        const request = await build();
        if (
          !/^(POST|PATCH)$/.test(method) &&
          (request.body !== undefined || request.json !== undefined)
        )
          continue;
        if (request.form !== undefined && !/\/(token|introspect|revoke)$/.test(path)) continue;
        const query =
          what === 'a token in the address' && operation.security ? '?access_token=x' : '';
        const answer = await send(path + query, { ...request, method });
        const response = operation.responses[answer.status];
        assert.ok(response, `${name} answers ${answer.status} to ${what}`);
        const documented = resolveResponse(response);
        seen.add(`${name} ${answer.status}`);
        const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
        const types = Object.entries(documented.content ?? {});
        if (answer.text === '') {
          assert.equal(types.length, 0, `${name} ${answer.status} has no body`);
          continue;
        }
        const schema = documented.content?.[type]?.schema;
        assert.ok(
          schema,
          `${name} ${answer.status} is ${type}, documented: ${types.map(([t]) => t)}`,
        );
        assertShape(answer.body, schema, `${name} ${answer.status}`);
      }
    }
    for (const { name, operation } of operations) {
      const success = Object.keys(operation.responses).filter((status) => Number(status) < 300);
      const isSeen = success.some((status) => seen.has(`${name} ${status}`));
      // What the feed answers never ends, and a reset needs a mail.
      const needsFactor = /^POST .auth.mfa($|\/recovery-codes$|\/totp\/)/.test(name);
      const isElsewhere =
        needsFactor || name.startsWith('DELETE') || /\/(revocations|reset|admin\/.*)$/.test(name);
      assert.ok(isSeen || isElsewhere, `${name} never answered ${success}`);
    }
  });
});

/** Whether the members are those of the schema: required ones there, unknown ones not. */
function assertShape(body: object, schema: Schema, name: string): void {
  const whole = resolve(schema);
  const fits = (whole.anyOf ?? [whole]).map(resolve).some((each) => {
    const isThere = (each.required ?? []).every((member) => Object.hasOwn(body, member));
    const isKnown = (member: string) => Object.hasOwn(each.properties ?? {}, member);
    return isThere && (each.additionalProperties === true || Object.keys(body).every(isKnown));
  });
  assert.ok(fits, `${name}: ${JSON.stringify(body)}`);
}
