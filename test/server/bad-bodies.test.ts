import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createApp } from 'latchkey/server';
import { assertDiscreet, assertOAuthError, assertProblem, MARKER } from '../support/refusals.ts';
import { PASSWORD, sendBytes, startServer, testOptions } from '../support/server.ts';

const server = await startServer();
const { send, port } = server;
const { body: signedIn } = await server.register('jane');
const token: string = signedIn['access_token'];

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const login = JSON.stringify({ username: 'jane', password: `${MARKER} password` });
const nest = (open: string, close: string) =>
  `{"password":${open.repeat(10_000)}1${close.repeat(10_000)}}`;

interface Case {
  readonly body: string | Uint8Array;
  readonly status: number;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const typed = (type: string) => ({ 'content-type': type });
const syntax = (body: string): Case => ({ body, status: 400, code: 'invalid_json' });
const shape = (body: string): Case => ({ body, status: 400, code: 'invalid_input' });
const type = (value: string, body: string | Uint8Array = login): Case => ({
  body,
  status: 415,
  code: 'unsupported_media_type',
  headers: typed(value),
});

const cases: Record<string, Case> = {
  words: syntax(`${MARKER} password`),
  'JSON cut short': syntax(login.slice(0, -2)),
  'JSON and more': syntax(`${login}${login}`),
  'JSON with a comma too many': syntax(login.replace('}', ',}')),
  'JSON with comments': syntax(`/* ${MARKER} */${login}`),
  'JSON with single quotes': syntax(login.replaceAll('"', "'")),
  'JSON with bare names': syntax(`{username:"jane",password:"${MARKER}"}`),
  'JSON with NaN': syntax('{"username":NaN}'),
  'JSON with a number too large': syntax('{"username":1e999}'),
  'JSON behind a byte order mark': syntax(`\uFEFF${login}`),
  'JSON as UTF-16': {
    body: Buffer.from(login, 'utf16le'),
    status: 400,
    code: 'invalid_json',
  },
  'a form called JSON': syntax(`username=jane&password=${MARKER}`),
  'arrays 10,000 deep': syntax(nest('[', ']')),
  'objects 10,000 deep': syntax(nest('{"a":', '}')),
  'arrays 10,000 deep that never close': syntax('['.repeat(10_000)),
  'white space': syntax(' \n '),
  'a NUL': syntax('\0'),
  nothing: shape(''),
  'an array': shape(`[${login}]`),
  'an empty array': shape('[]'),
  'a string': shape(`"${MARKER}"`),
  'a number': shape('42'),
  true: shape('true'),
  null: shape('null'),
  'bytes that are not UTF-8': {
    body: Buffer.from(`{"username":"${MARKER}\xff"}`, 'latin1'),
    status: 400,
    code: 'invalid_encoding',
  },
  'plain text': type('text/plain'),
  'no content type': type(''),
  'a content type that is none': type('json'),
  XML: type('application/xml', `<password>${MARKER}</password>`),
  'another kind of JSON': type('application/vnd.api+json'),
  'a type that begins like JSON': type('application/jsonx'),
  'a type that begins like a form': type(`${FORM_TYPE}x`),
  'a type that only looks like JSON when trimmed': type('application/json\xa0'),
  'a type that only looks like a form when trimmed': type(`${FORM_TYPE}\xa0; charset=utf-8`),
  multipart: type(
    'multipart/form-data; boundary=x',
    `--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n${MARKER}\r\n--x--\r\n`,
  ),
  'JSON said to be Latin-1': {
    body: login,
    status: 415,
    code: 'unsupported_charset',
    headers: typed(`${JSON_TYPE}; charset=iso-8859-1`),
  },
  'JSON said to be UTF-16': {
    body: Buffer.from(login, 'utf16le'),
    status: 415,
    code: 'unsupported_charset',
    headers: typed(`${JSON_TYPE};charset="UTF-16"`),
  },
  'compressed JSON': {
    body: gzipSync(login),
    status: 415,
    code: 'unsupported_encoding',
    headers: { ...typed(JSON_TYPE), 'content-encoding': 'gzip' },
  },
  'JSON said to be compressed': {
    body: login,
    status: 415,
    code: 'unsupported_encoding',
    headers: { ...typed(JSON_TYPE), 'content-encoding': 'br' },
  },
  'one byte over 64 KiB': {
    body: login.padEnd(64 * 1024 + 1),
    status: 413,
    code: 'body_too_large',
  },
  megabytes: { body: ' '.repeat(5_000_000), status: 413, code: 'body_too_large' },
};

const jsonEndpoints = [
  { path: '/auth/register' },
  { path: '/auth/login' },
  { path: '/auth/password', token },
  { path: '/auth/reauthenticate', token },
  { path: '/auth/refresh' },
  { path: '/auth/logout' },
];

/** For these, no body says nothing wrong. */
const bodyOptional = new Set(['/auth/refresh', '/auth/logout']);

for (const { path, ...credentials } of jsonEndpoints) {
  suite(`the body of ${path}`, () => {
    for (const [name, { body, status, code, headers }] of Object.entries(cases)) {
      if (body === '' && bodyOptional.has(path)) continue;
      test(`must not be ${name}`, async () => {
        const answer = await send(path, {
          method: 'POST',
          body,
          headers: headers ?? typed(JSON_TYPE),
          ...credentials,
        });
        assertProblem(answer, status, name);
        assert.equal(answer.body['code'], code);
      });
    }
  });
}

suite('a body', () => {
  test('may have 64 KiB, white space around it, and its content type in any spelling', async () => {
    const body = JSON.stringify({ username: 'jane', password: PASSWORD });
    const types = [
      'Application/JSON',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
    ];
    for (const value of types) {
      const padded = `\n ${body}`.padEnd(64 * 1024, '\t');
      const headers = { ...typed(value), 'content-encoding': 'Identity' };
      const answer = await send('/auth/login', { body: padded, headers });
      assert.equal(answer.status, 200, answer.text);
    }
    const form = await send('/auth/login', {
      body: `&username=jane&&password=${PASSWORD.replaceAll(' ', '+')}`,
      headers: typed(`${FORM_TYPE.toUpperCase()};charset=UTF-8`),
    });
    assert.equal(form.status, 200, form.text);
  });

  test('is not read where none is expected', async () => {
    for (const body of [login, MARKER]) {
      const head = `DELETE /auth/sessions/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
      const answer = await sendBytes(port, head + body);
      assert.match(answer, /^HTTP\/1.1 4(04|15) /);
      assertDiscreet(answer, 'delete');
    }
  });
});

suite('an empty body', () => {
  const types = [
    FORM_TYPE,
    JSON_TYPE,
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/octet-stream',
    'application/vnd.api+json',
    'multipart/form-data; boundary=x',
    'nonsense',
    `${JSON_TYPE}; charset=latin1`,
  ];
  const framings = {
    'of length 0': 'Content-Length: 0\r\n\r\n',
    'in no chunks': 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'without a length': '\r\n',
  };
  const post = (path: string, contentType: string, framing: string, bearer = '') =>
    sendBytes(
      port,
      `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${contentType}\r\n${bearer}${framing}`,
    );

  for (const [name, framing] of Object.entries(framings)) {
    test(`${name} is no body on any route, whatever its type`, async () => {
      for (const contentType of types) {
        for (const [path, status] of [
          ['/auth/refresh', 401],
          ['/auth/login', 400],
          ['/auth/register', 400],
          ['/auth/token', 400],
          ['/auth/introspect', 401],
          ['/auth/revoke', 400],
          ['/nowhere', 404],
        ] as const) {
          const answer = await post(path, contentType, framing);
          assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), `${path} ${contentType}`);
        }
        const { body } = await server.login('jane');
        const bearer = `Authorization: Bearer ${body['access_token']}\r\n`;
        assert.match(await post('/auth/password', contentType, framing, bearer), / 400 /);
        assert.match(
          await post('/auth/logout', contentType, framing, bearer),
          / 204 /,
          contentType,
        );
      }
    });
  }

  test('is what an HTML form without fields sends, in each of its encodings', async () => {
    const closing = '------WebKitFormBoundaryx--\r\n';
    const headers = typed('multipart/form-data; boundary=----WebKitFormBoundaryx');
    for (const empty of [closing, closing.trim(), `\r\n${closing}\r\n`]) {
      const { body } = await server.login('jane');
      const token = body['access_token'];
      const answer = await send('/auth/logout', { body: empty, headers, token });
      assert.equal(answer.status, 204);
    }
    for (const part of ['', 'Content-Disposition: form-data; name="a"']) {
      const filled = `--x\r\n${part}\r\n\r\n--x--\r\n`;
      assertProblem(await send('/auth/logout', { body: filled, headers, token }), 415);
    }
    const plain = await send('/auth/logout', {
      body: closing,
      headers: typed('text/plain'),
      token,
    });
    assertProblem(plain, 415);
  });

  test('is not what has a byte in it: the refusal names what the route takes', async () => {
    const multipart = typed('multipart/form-data; boundary=x');
    for (const [path, detail] of [
      ['/auth/login', /JSON .* or a form with "Content-Type: application\/x-www-form-urlencoded"/],
      ['/auth/register', /^Send JSON with "Content-Type: application\/json"\.$/],
    ] as const) {
      for (const headers of [multipart, typed('nonsense'), typed('text/plain')]) {
        const answer = await send(path, { body: '--x\r\n\r\n', headers });
        assertProblem(answer, 415, path);
        assert.match(answer.body['detail'], detail);
      }
    }
  });
});

suite('a body for a route of the host', () => {
  test('is read as strictly as ours', async (t) => {
    const app = await createApp({ ...testOptions(), logger: false });
    t.after(() => app.close());
    app.post('/own', async ({ body }) => ({ body }));
    const post = (contentType: string, payload: string) =>
      app.inject({ method: 'POST', url: '/own', headers: typed(contentType), payload });
    assert.deepEqual((await post(JSON_TYPE, '{"a":1}')).json(), { body: { a: 1 } });
    assert.deepEqual((await post(FORM_TYPE, 'a=1')).json(), { body: { a: '1' } });
    for (const [contentType, payload, status] of [
      [`${JSON_TYPE}\xa0`, '{"a":1}', 415],
      [`${FORM_TYPE}\xa0`, 'a=1', 415],
      [`${JSON_TYPE};charset=latin1`, '{"a":1}', 415],
      [JSON_TYPE, '{"a":1,"a":2}', 400],
      [FORM_TYPE, 'a=1&a=2', 400],
    ] as const) {
      const answer = await post(contentType, payload);
      assert.equal(answer.statusCode, status, contentType);
      assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
    }
  });
});

suite('the body of the token endpoint', () => {
  const oauthCases: Record<string, { body: string | Uint8Array; type: string; status?: number }> = {
    JSON: { body: login, type: JSON_TYPE },
    'JSON called a form': { body: login, type: FORM_TYPE },
    'broken JSON': { body: login.slice(1), type: JSON_TYPE },
    'plain text': { body: MARKER, type: 'text/plain' },
    'no type': { body: MARKER, type: '' },
    multipart: { body: `--x\r\n\r\n${MARKER}\r\n--x--`, type: 'multipart/form-data; boundary=x' },
    'another charset': { body: `password=${MARKER}`, type: `${FORM_TYPE}; charset=latin1` },
    nothing: { body: '', type: FORM_TYPE },
    'over 64 KiB': { body: `password=${MARKER.padEnd(65_536, 'x')}`, type: FORM_TYPE, status: 413 },
  };
  for (const [name, { body, type: value, status = 400 }] of Object.entries(oauthCases)) {
    test(`must not be ${name}`, async () => {
      const answer = await send('/auth/token', { method: 'POST', body, headers: typed(value) });
      assertOAuthError(answer, status, name);
      assert.equal(answer.body['error'], 'invalid_request');
      if (status === 400 && name !== 'another charset' && name !== 'nothing') {
        assert.match(answer.body['error_description'], /form/);
      }
    });
  }
});

suite('a body in raw bytes', () => {
  const head = (...headers: string[]) =>
    `${['POST /auth/login HTTP/1.1', 'Host: a', `Content-Type: ${JSON_TYPE}`, ...headers].join('\r\n')}\r\n\r\n`;
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

  test('is refused by its announced length alone', async () => {
    const answer = await sendBytes(port, head('Content-Length: 10000000', 'Connection: close'));
    assert.match(answer, /^HTTP\/1.1 413 /);
    assert.match(answer, /"code":"body_too_large"/);
  });

  test('is refused when chunks go over 64 KiB', async () => {
    const chunks = Array.from({ length: 80 }, () => chunk(' '.repeat(1024))).join('');
    const answer = await sendBytes(
      port,
      head('Transfer-Encoding: chunked', 'Connection: close') + chunks,
      '0\r\n\r\n',
    );
    assert.match(answer, /^HTTP\/1.1 413 /);
    assert.match(answer, /application\/problem\+json/);
  });

  test('is refused as soon as it is too long to be a form without fields', async () => {
    // The attack: a form that never ends, kept in memory until there is none left.
    const type = 'Content-Type: multipart/form-data; boundary=x';
    const head = `POST /auth/logout HTTP/1.1\r\nHost: a\r\n${type}\r\n`;
    const answer = await sendBytes(
      port,
      `${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`,
      chunk('-'.repeat(100)),
      chunk('-'.repeat(100)),
    );
    assert.match(answer, /^HTTP\/1.1 415 /);
  });

  test('may come in chunks of a byte', async () => {
    const text = JSON.stringify({ username: 'jane', password: PASSWORD });
    const answer = await sendBytes(
      port,
      head('Transfer-Encoding: chunked', 'Connection: close'),
      ...[...text].map(chunk),
      '0\r\n\r\n',
    );
    assert.match(answer, /^HTTP\/1.1 200 /);
  });

  test('is refused where its framing is ambiguous, as request smuggling has it', async () => {
    const both = head('Content-Length: 4', 'Transfer-Encoding: chunked', 'Connection: close');
    assert.match(await sendBytes(port, `${both}0\r\n\r\n`), /^HTTP\/1.1 400 /);
    const twice = head('Content-Length: 2', 'Content-Length: 3', 'Connection: close');
    assert.match(await sendBytes(port, `${twice}{} `), /^HTTP\/1.1 400 /);
    const odd = head('Transfer-Encoding: chunked, identity', 'Connection: close');
    assert.match(await sendBytes(port, `${odd}0\r\n\r\n`), /^HTTP\/1.1 400 /);
    const negative = head('Content-Length: -1', 'Connection: close');
    assert.match(await sendBytes(port, negative), /^HTTP\/1.1 400 /);
  });

  test('may break off without harm', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.app.server.once('connection', (socket) => socket.once('close', () => resolve()));
    const { connect } = await import('node:net');
    const socket = connect(port, '127.0.0.1');
    socket.write(`${head('Content-Length: 100')}{"username":"${MARKER}`, () => socket.destroy());
    await promise;
    assert.equal((await send('/healthz')).status, 200);
  });
});
