import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { InvalidSetting, StoreUnavailable } from '../../src/kernel/errors.ts';
import { openPostgresStore } from '../../src/store/index.ts';
import { startPostgres } from '../support/postgres.ts';

const fixture = (name: string) => join(import.meta.dirname, '../support/tls', name);
const authority = fixture('server.pem');

/** Short, as the path of a socket may be, and open to the server's own user. */
const sockets = mkdtempSync(join(tmpdir(), 'pg-'));
chmodSync(sockets, 0o777);
after(() => rmSync(sockets, { recursive: true, force: true }));

const server = await startPostgres(['ssl=on', `unix_socket_directories=${sockets}`], {
  hba: [
    'hostssl all encrypted all scram-sha-256',
    'hostnossl all encrypted all reject',
    'local all all password',
    'host all scram all scram-sha-256',
  ],
  tls: {
    cert: readFileSync(authority, 'utf8'),
    key: readFileSync(fixture('server-key.pem'), 'utf8'),
  },
});
const plain = await startPostgres();
const url = await server.createDatabase();
const admin = await server.connect(url);
after(() => admin.end());
for (const role of ['encrypted', 'scram', 'stranger']) {
  await admin.query(`create role ${role} login password 'r1ght'`);
  await admin.query(`grant all on schema public to ${role}`);
}
// The tables belong to the role that created them.
await admin.query('grant latchkey to encrypted');
await admin.query('revoke all on schema public from stranger');
await admin.query('revoke all on schema public from public');

type Change = Partial<Record<'host' | 'port' | 'user' | 'password' | 'database', string>>;

function change(parts: Change, query = '', base = url): string {
  const changed = new URL(base);
  if (parts.host !== undefined) changed.hostname = parts.host;
  if (parts.port !== undefined) changed.port = parts.port;
  if (parts.user !== undefined) changed.username = parts.user;
  if (parts.password !== undefined) changed.password = parts.password;
  if (parts.database !== undefined) changed.pathname = `/${parts.database}`;
  changed.search = query;
  return changed.href;
}

type Environment = Readonly<Record<string, string>>;

async function open(location: string, env: Environment = {}): Promise<void> {
  const store = await openPostgresStore({ url: location, env, connectTimeoutMs: 2_000 });
  await store.close();
}

async function refusal(location: string, env: Environment = {}): Promise<Error> {
  try {
    await open(location, env);
  } catch (error) {
    assert.ok(error instanceof InvalidSetting || error instanceof StoreUnavailable, String(error));
    assert.doesNotMatch(error.message, /r1ght|hunter2/);
    return error;
  }
  assert.fail('nothing was refused');
}

/** Whether the connections of a store on this URL are encrypted. */
async function isEncrypted(location: string, env: Environment = {}): Promise<boolean> {
  const name = `probe-${performance.now()}`;
  const store = await openPostgresStore({
    url: `${location}${location.includes('?') ? '&' : '?'}application_name=${name}`,
    env,
  });
  try {
    const { rows } = await admin.query(
      `select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = $1`,
      [name],
    );
    assert.ok(rows.length > 0);
    return rows.every(({ ssl }) => ssl === true);
  } finally {
    await store.close();
  }
}

suite('encryption that the URL asks for', () => {
  const local = change({ host: 'localhost' });
  const verified = `sslmode=verify-full&sslrootcert=${encodeURIComponent(authority)}`;
  const encrypted: [string, string, Environment][] = [
    ['require', `${url}?sslmode=require`, {}],
    ['no-verify', `${url}?sslmode=no-verify`, {}],
    ['ssl=true', `${url}?ssl=true`, {}],
    ['prefer, where the server offers it', `${url}?sslmode=prefer`, {}],
    ['allow, where the server offers it', `${url}?sslmode=allow`, {}],
    ['verify-full with the authority', `${local}?${verified}`, {}],
    [
      'verify-ca, which leaves the name alone',
      `${url}?sslmode=verify-ca&sslrootcert=${authority}`,
      {},
    ],
    ['require with an authority', `${url}?sslmode=require&sslrootcert=${authority}`, {}],
    ['an authority without a mode', `${local}?sslrootcert=${authority}`, {}],
    ['PGSSLMODE', url, { PGSSLMODE: 'require' }],
    ['PGSSLROOTCERT', local, { PGSSLROOTCERT: authority }],
    ['direct negotiation', `${url}?sslmode=require&sslnegotiation=direct`, {}],
    ['TLS 1.3 alone', `${url}?sslmode=require&ssl_min_protocol_version=TLSv1.3`, {}],
    [
      'channel binding',
      change({ user: 'encrypted', password: 'r1ght' }, '?sslmode=require&channel_binding=require'),
      {},
    ],
  ];
  for (const [name, location, env] of encrypted) {
    test(`is used: ${name}`, async () => assert.equal(await isEncrypted(location, env), true));
  }

  test('is not used if neither the URL nor a variable asks for it, or the URL disables it', async () => {
    assert.equal(await isEncrypted(url), false);
    assert.equal(await isEncrypted(`${url}?sslmode=disable`, { PGSSLMODE: 'require' }), false);
  });

  test('is not used if it is only preferred and the server offers none', async () => {
    await open(`${await plain.createDatabase()}?sslmode=prefer`);
  });

  test('is never given up if it is required', async () => {
    const error = await refusal(`${await plain.createDatabase()}?sslmode=require`);
    assert.match(error.message, /offers no TLS\. .*sslmode=disable/);
  });

  test('refuses to send a password without the required channel binding', async () => {
    const error = await refusal(`${url}?sslmode=require&channel_binding=require`);
    assert.match(error.message, /does not bind its proof of identity/);
  });
});

suite('a URL without a host', () => {
  test('leads to the socket that host= names', async () => {
    const { username, password, pathname, port } = new URL(url);
    const query = `host=${encodeURIComponent(sockets)}`;
    for (const location of [
      `postgres://${username}:${password}@${pathname}?${query}&port=${port}`,
      `postgres://${username}:${password}@localhost:${port}${pathname}?${query}`,
      `postgresql://${pathname}?${query}&port=${port}&user=${username}&password=${password}`,
      `postgres://${username}:${password}@${encodeURIComponent(sockets)}:${port}${pathname}`,
    ]) {
      await open(location);
    }
    await open('postgres://', {
      PGHOST: sockets,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: password,
      PGDATABASE: pathname.slice(1),
    });
    const gone = await refusal(`postgres:///x?host=${encodeURIComponent(`${sockets}/no`)}`);
    assert.match(gone.message, /no socket in the folder/);
  });
});

suite('a message says why the database cannot be used, and what to do', () => {
  const cases: [string, string | (() => Promise<string>), RegExp][] = [
    ['an untrusted certificate', `${url}?sslmode=verify-full`, /not trusted.*sslrootcert=<file>/],
    [
      'another authority',
      `${url}?sslmode=verify-full&sslrootcert=${fixture('other-authority.pem')}`,
      /not trusted/,
    ],
    [
      'a wrong host name',
      `${url}?sslmode=verify-full&sslrootcert=${authority}`,
      /certificate .* for another host name.* leads to 127\.0\.0\.1:\d+\.$/,
    ],
    ['no password', change({ user: 'scram', password: '' }), /none is given.*PGPASSWORD/],
    ['no password in the clear', change({ password: '' }), /none is given.*PGPASSWORD/],
    ['a wrong password', change({ user: 'scram', password: 'hunter2' }), /password .* is wrong/],
    ['a wrong password in the clear', change({ password: 'hunter2' }), /password .* is wrong/],
    ['an unknown host', change({ host: 'db.invalid' }), /host name .* unknown|looked up now/],
    ['a closed port', change({ port: '1' }), /port is closed.*127\.0\.0\.1:1/],
    ['an unknown database', change({ database: 'nowhere' }), /no database of that name/],
    ['an unknown user', change({ user: 'nobody-here', password: 'x' }), /does not know the user/],
    [
      'a user who must encrypt',
      change({ user: 'encrypted', password: 'r1ght' }),
      /pg_hba\.conf .*sslmode=verify-full/,
    ],
    [
      'a user without rights',
      change({ user: 'stranger', password: 'r1ght' }),
      /lacks a permission|no schema/,
    ],
    ['no schema', `${url}?options=-c%20search_path%3Dnowhere`, /no schema to work in/],
    [
      'a read-only database',
      async () =>
        `${await server.createDatabase()}?options=-c%20default_transaction_read_only%3Don`,
      /read-only.*primary server/,
    ],
    [
      'a wrong session setting',
      `${url}?options=-c%20no_such_thing%3D1`,
      /refuses what options sets/,
    ],
  ];
  for (const [name, location, reason] of cases) {
    test(name, async () => {
      const error = await refusal(typeof location === 'string' ? location : await location());
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, reason);
    });
  }

  test('a role that may not log in', async () => {
    await admin.query("create role locked nologin password 'r1ght'");
    const error = await refusal(change({ user: 'locked', password: 'r1ght' }));
    assert.match(error.message, /no such user, or one that may not log in/);
  });

  test('too many connections', async () => {
    await admin.query("create role crowd login password 'r1ght' connection limit 0");
    const error = await refusal(change({ user: 'crowd', password: 'r1ght' }));
    assert.match(error.message, /has no connection left/);
  });

  test('a server that is not PostgreSQL', async (t) => {
    const stranger = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    t.after(() => stranger.close());
    const address = stranger.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    for (const query of ['', '?sslmode=require', '?sslmode=prefer']) {
      const error = await refusal(change({ port }, query));
      assert.match(error.message, /not (answer|speak)/);
    }
  });
});

suite('an unusable certificate file stops the start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string, mode = 0o600) => {
    writeFileSync(join(folder, name), text, { mode });
    chmodSync(join(folder, name), mode);
    return join(folder, name);
  };
  const key = readFileSync(fixture('server-key.pem'), 'utf8');
  const cases: [string, string, RegExp][] = [
    ['a missing one', `sslrootcert=${folder}/no.pem`, /sslrootcert cannot be read \(ENOENT\)/],
    ['a folder', `sslrootcert=${folder}`, /sslrootcert cannot be read \(EISDIR\)/],
    ['another text', `sslrootcert=${write('a.txt', 'hello')}`, /is not a PEM file/],
    [
      'a key that others may read',
      `sslcert=${authority}&sslkey=${write('open.pem', key, 0o644)}`,
      /open to other users.*chmod 600/,
    ],
    [
      'a key of another certificate',
      `sslcert=${fixture('other-authority.pem')}&sslkey=${write('own.pem', key)}`,
      /not that of the certificate/,
    ],
    ['a certificate without a key', `sslcert=${authority}`, /only one of sslcert and sslkey/],
  ];
  for (const [name, query, reason] of cases) {
    test(name, async () => {
      const error = await refusal(`${url}?sslmode=require&${query}`);
      assert.ok(error instanceof InvalidSetting);
      assert.match(error.message, reason);
    });
  }
});
