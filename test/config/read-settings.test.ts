import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, suite, test } from 'node:test';
import { readSettings, type SettingSources } from '../../src/config/read-settings.ts';
import { settingTable } from '../../src/config/setting-table.ts';
import type { SettingOptions } from '../../src/config/settings.ts';
import { InvalidSetting } from '../../src/kernel/errors.ts';

const secret = 'p9Vd2mWq7ZsX4cLr8TkB1nYf6GhJ0aEu';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-settings-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
function envFile(text: string | Buffer): string {
  const path = join(folder, `${files++}.env`);
  writeFileSync(path, text);
  return path;
}

const read = (sources: Partial<SettingSources>) =>
  readSettings({ env: {}, envFile: false, ...sources });

function refusal(sources: Partial<SettingSources>): InvalidSetting {
  try {
    read(sources);
  } catch (error) {
    assert.ok(error instanceof InvalidSetting, String(error));
    return error;
  }
  assert.fail('nothing was refused');
}

/** What is wrong with one variable, as the person who set it reads it. */
function refuses(variable: keyof typeof byVariable, text: string, reason: RegExp): void {
  const error = refusal({ env: { [variable]: text } });
  assert.equal(error.setting, variable);
  assert.match(error.message, reason);
}
const byVariable = Object.fromEntries(
  Object.values(settingTable).map((spec) => [spec.variable, spec]),
);

suite('settings that are not given', () => {
  test('have the documented defaults', () => {
    const { defaulted, ...settings } = read({ env: { PATH: '/bin', PORT: '1' } });
    assert.deepEqual(settings, {
      host: '127.0.0.1',
      port: 8000,
      databaseUrl: `sqlite:${resolve('data/latchkey.db')}`,
      database: { kind: 'sqlite', path: resolve('data/latchkey.db') },
      dataDir: resolve('data'),
      secret: undefined,
      issuer: 'http://127.0.0.1:8000',
      audience: 'http://127.0.0.1:8000',
      appName: 'Latchkey',
      registration: 'open',
      mailUrl: undefined,
      mailFrom: undefined,
      algorithm: 'ES256',
      accessTokenTtl: 900,
      refreshTokenTtl: 2_592_000,
      sessionMaxAge: 15_552_000,
      refreshGrace: 30,
      maxSessions: 100,
      argon2Memory: 19_456,
      argon2Passes: 2,
      argon2Lanes: 1,
      trustProxy: false,
      corsOrigins: [],
      logRefusals: false,
    });
    assert.deepEqual([...defaulted].sort(), Object.keys(settingTable).sort());
  });

  test('follow from those that are given', () => {
    const settings = read({ env: { LATCHKEY_DATA_DIR: '/srv/auth', LATCHKEY_PORT: '9000' } });
    assert.equal(settings.databaseUrl, 'sqlite:/srv/auth/latchkey.db');
    assert.deepEqual(settings.database, { kind: 'sqlite', path: '/srv/auth/latchkey.db' });
    assert.equal(settings.issuer, 'http://127.0.0.1:9000');
    assert.equal(settings.audience, 'http://127.0.0.1:9000');
    assert.equal(read({ options: { issuer: 'https://a.example' } }).audience, 'https://a.example');
    assert.equal(settings.defaulted.has('issuer'), true);
    assert.equal(settings.defaulted.has('port'), false);
  });

  test('make an address that clients can reach of the one to listen on', () => {
    const issuer = (host: string, port = 8000) => read({ options: { host, port } }).issuer;
    assert.equal(issuer('0.0.0.0'), 'http://localhost:8000');
    assert.equal(issuer('::'), 'http://localhost:8000');
    assert.equal(issuer('::1'), 'http://[::1]:8000');
    assert.equal(issuer('auth.internal', 80), 'http://auth.internal');
  });

  test('let the grace yield to access tokens that live shorter', () => {
    assert.equal(read({ options: { accessTokenTtl: 31 } }).refreshGrace, 30);
    assert.equal(read({ options: { accessTokenTtl: 30 } }).refreshGrace, 15);
    assert.equal(read({ options: { accessTokenTtl: 1 } }).refreshGrace, 0.5);
  });
});

suite('where settings come from', () => {
  test('is a file, then variables, then flags, then code: the later wins', () => {
    const file = envFile('LATCHKEY_PORT=1001\nLATCHKEY_HOST=h1\nLATCHKEY_AUDIENCE=a1\nDB=x');
    const sources: SettingSources = { envFile: file, env: {} };
    assert.equal(readSettings(sources).port, 1001);
    const env = { LATCHKEY_PORT: '1002', LATCHKEY_HOST: 'h2', LATCHKEY_ISSUER: 'https://i2' };
    assert.equal(readSettings({ ...sources, env }).port, 1002);
    const flags = { port: '1003', host: undefined };
    assert.equal(readSettings({ ...sources, env, flags }).port, 1003);
    const options = { port: 1004, host: undefined };
    const all = readSettings({ ...sources, env, flags, options });
    assert.deepEqual(
      [all.port, all.host, all.audience, all.issuer],
      [1004, 'h2', 'a1', 'https://i2'],
    );
  });

  test('does not judge what a later source replaces', () => {
    const env = { LATCHKEY_PORT: 'x', LATCHKEY_HOST: '' };
    assert.equal(read({ env, options: { port: 1, host: 'h' } }).port, 1);
  });

  test('reads quotes, comments and export in a file, and a byte order mark', () => {
    const file = envFile(
      '\ufeffLATCHKEY_PORT=1001\n# LATCHKEY_HOST nothing\nexport LATCHKEY_HOST="h1" # why\nOTHER=y',
    );
    const { port, host } = read({ envFile: file });
    assert.deepEqual([port, host], [1001, 'h1']);
  });

  test('may lack a file that was not named, and must have one that was', () => {
    const error = refusal({ envFile: join(folder, 'absent.env') });
    assert.match(error.message, /absent\.env: cannot be read \(ENOENT\)/);
    // The working directory of the tests has no .env file.
    assert.equal(readSettings({ env: {} }).port, 8000);
  });

  test('says in which file a wrong setting stands', () => {
    const file = envFile('LATCHKEY_PORT=many');
    const error = refusal({ envFile: file });
    assert.equal(error.setting, 'LATCHKEY_PORT');
    assert.ok(error.message.endsWith(`It is set in ${file}.`), error.message);
  });

  test('refuses a line that the parser of such files would skip', () => {
    for (const line of ['LATCHKEY_PORT 9000', 'LATCHKEY_PORT: 9000', '  export LATCHKEY_PORT']) {
      const error = refusal({ envFile: envFile(`A=b\n${line}\n`) });
      assert.equal(error.setting, 'LATCHKEY_PORT');
      assert.match(error.message, /Write LATCHKEY_PORT=value\./);
    }
  });
});

suite('an unknown setting', () => {
  const cases: [Partial<SettingSources>, string, RegExp][] = [
    [{ env: { LATCHKEY_PROT: '1' } }, 'LATCHKEY_PROT', /Did you mean LATCHKEY_PORT\?/],
    [{ env: { latchkey_port: '1' } }, 'latchkey_port', /Did you mean LATCHKEY_PORT\?/],
    [{ env: { LATCHKEY_ACCESS_TTL: '1' } }, 'LATCHKEY_ACCESS_TTL', /is not a variable/],
    [{ env: { LATCHKEY_DB_URL: '' } }, 'LATCHKEY_DB_URL', /is not a variable/],
    [{ flags: { prot: '1' } }, '--prot', /Did you mean --port\?/],
    [{ flags: { accessTokenTtl: '1' } }, '--accessTokenTtl', /Did you mean --access-token-ttl\?/],
    [{ flags: { verbose: true } }, '--verbose', /is not a flag .* --host, --port/],
    [{ env: { LATCHKEY_CORS_ORIGIN: 'x' } }, 'LATCHKEY_CORS_ORIGIN', /LATCHKEY_CORS_ORIGINS\?/],
  ];
  for (const [sources, setting, message] of cases) {
    test(`is refused by its name: ${setting}`, () => {
      const error = refusal(sources);
      assert.equal(error.setting, setting);
      assert.match(error.message, message);
    });
  }

  test('is refused in code and in a file, too', () => {
    const options: SettingOptions = { port: 1, ...{ isuer: 'x' } };
    assert.match(refusal({ options }).message, /^isuer: .* Did you mean issuer\?/);
    const file = envFile('LATCHKEY_ISUER=x');
    assert.match(refusal({ envFile: file }).message, /variable in .*\.env .*LATCHKEY_ISSUER\?/);
  });

  test('is explained where Kubernetes set it', () => {
    for (const env of [
      { LATCHKEY_PORT: 'tcp://10.0.0.1:80' },
      { LATCHKEY_SERVICE_HOST: '10.0.0.1' },
      { LATCHKEY_PORT_8000_TCP_ADDR: '10.0.0.1' },
    ]) {
      assert.match(refusal({ env }).message, /enableServiceLinks: false/);
    }
  });
});

suite('a malformed setting', () => {
  const cases: Record<string, [string[], RegExp]> = {
    LATCHKEY_HOST: [
      ['', 'http://a', 'a:80', '[::1]', 'a b', '1.2.3', '999.1.1.1', 'fe80::1%eth0', '-a', 'a_b'],
      /without brackets|is empty/,
    ],
    LATCHKEY_PORT: [['', '-1', '65536', '80.5', '0x50', 'http', ' 80', '1e3'], /65535|is empty/],
    LATCHKEY_DATABASE_URL: [
      ['', 'data.db', 'sqlite:', 'sqlite:///a', 'sqlite:a/', 'sqlite:a?mode=ro', 'sqlite:~/a'],
      /latchkey\.db|in full|is empty/,
    ],
    LATCHKEY_DATA_DIR: [['', '~/data', 'a\0b'], /./],
    LATCHKEY_ISSUER: [['', 'auth.example.com', 'ftp://a', '/auth'], /web address|is empty/],
    LATCHKEY_AUDIENCE: [['', 'a b', 'é', 'a'.repeat(256)], /audience|visible ASCII|is empty/],
    LATCHKEY_ALGORITHM: [['none', 'es256', 'HS1', 'toString', '__proto__'], /ES256/],
    LATCHKEY_APP_NAME: [['', ' ', 'a\nb', 'a\u200bb', 'x'.repeat(65)], /./],
    LATCHKEY_REGISTRATION: [['', 'Open', 'none', 'true'], /open or closed|is empty/],
    LATCHKEY_ARGON2_MEMORY: [
      ['', '0', '19', '19456', '64 MiB', '64MB', '1GiB', '257MiB', '-1MiB', '18MiB', '19455KiB'],
      /MiB|is empty/,
    ],
    LATCHKEY_ARGON2_PASSES: [['', '0', '65', '1.5', 'two', '1'], /1 to 64|more passes|is empty/],
    LATCHKEY_ARGON2_LANES: [['', '0', '17', 'x'], /1 to 16|is empty/],
    LATCHKEY_ACCESS_TOKEN_TTL: [['0', '25h', '0.5', '15 m', '-5', '1w', 'm', '1e3'], /./],
    LATCHKEY_REFRESH_TOKEN_TTL: [['0', '401d', '15m', '14m', '2.5s'], /./],
    LATCHKEY_SESSION_MAX_AGE: [['0', '1s', '3651d', '2.5s', 'always'], /./],
    LATCHKEY_REFRESH_GRACE: [['-1', '301', '6m', 'soon'], /./],
    LATCHKEY_TRUST_PROXY: [
      [
        'true',
        'yes',
        '*',
        '17',
        'loopback',
        '10.0.0.0/33',
        '0.0.0.0/0',
        '::/0',
        '10.0.0.1,',
        '1,2',
      ],
      /addresses of the proxies/,
    ],
    LATCHKEY_CORS_ORIGINS: [
      ['*', 'https://*.a.example', 'a.example', 'null', 'https://a.example,', 'file:///x'],
      /https:\/\/app\.example\.com/,
    ],
  };
  for (const [variable, [texts, fix]] of Object.entries(cases)) {
    for (const text of texts) {
      test(`is refused with the fix: ${variable}=${JSON.stringify(text.slice(0, 40))}`, () => {
        refuses(variable, text, fix);
      });
    }
  }

  test('says what the cost of a hash must be, as a whole', () => {
    const costOf = (memory: string, passes: string) => ({
      env: { LATCHKEY_ARGON2_MEMORY: memory, LATCHKEY_ARGON2_PASSES: passes },
    });
    // The choices of OWASP, and the second one of RFC 9106.
    for (const [memory, passes] of [
      ['46MiB', '1'],
      ['19MiB', '2'],
      ['12MiB', '3'],
      ['9MiB', '4'],
      ['7MiB', '5'],
      ['7MiB', '64'],
      ['64MiB', '3'],
      ['256MiB', '16'],
    ] as const) {
      assert.equal(read(costOf(memory, passes)).argon2Passes, Number(passes));
    }
    for (const [memory, passes, fix] of [
      ['45MiB', '1', /45MiB, which is too weak with 1 pass\. Give 46MiB or more/],
      ['18MiB', '2', /19MiB or more/],
      ['8MiB', '4', /9MiB or more/],
      ['6MiB', '64', /7MiB or more/],
      ['256MiB', '17', /sign-in takes seconds\. Give .* or less, or fewer passes/],
    ] as const) {
      const error = refusal(costOf(memory, passes));
      assert.equal(error.setting, 'LATCHKEY_ARGON2_MEMORY');
      assert.match(error.message, fix);
    }
  });

  test('says that a way to register needs mail, which there is not', () => {
    for (const mode of ['verified', 'invite']) {
      refuses('LATCHKEY_REGISTRATION', mode, /which this version does not offer\. Give open/);
    }
  });

  test('is told how to write what is nearly right', () => {
    for (const url of [
      'mail.example.com',
      'http://mail.example.com',
      'smtp://',
      'smtp://a:b@m.example/x',
    ]) {
      refuses('LATCHKEY_MAIL_URL', url, /Write smtps:\/\/user:password@/);
    }
    refuses('LATCHKEY_MAIL_URL', 'smtp://m.example?requireTLS=false', /has more than a server/);
    refuses('LATCHKEY_MAIL_URL', 'smtp://jane@m.example', /name or a password that cannot be read/);
    refuses('LATCHKEY_MAIL_URL', 'smtp://a:%zz@m.example', /percent-encoded/);
    for (const from of [
      'jane',
      'a@b.example, c@d.example',
      'A <a@b.example> b',
      '"A" <a@b.example>',
      'a@127.0.0.1',
    ]) {
      refuses('LATCHKEY_MAIL_FROM', from, /Give an address, or a name and an address/);
    }
    const sender = refusal({ env: { LATCHKEY_MAIL_URL: 'smtp://m.example' } });
    assert.match(sender.message, /LATCHKEY_MAIL_FROM: is missing/);
    const { mailUrl, mailFrom } = read({
      env: {
        LATCHKEY_MAIL_URL: 'smtps://jane:p%40ss@mail.example.com',
        LATCHKEY_MAIL_FROM: 'Example, Inc <hello@example.com>',
      },
    });
    assert.deepEqual(mailUrl, {
      host: 'mail.example.com',
      port: 465,
      secure: true,
      login: { user: 'jane', password: 'p@ss' },
    });
    assert.deepEqual(mailFrom, { name: 'Example, Inc', address: 'hello@example.com' });
    refuses('LATCHKEY_ALGORITHM', 'es256', /Did you mean ES256\?/);
    refuses('LATCHKEY_ISSUER', 'https://a.example/', /Write https:\/\/a\.example,/);
    refuses('LATCHKEY_ISSUER', 'https://A.example', /Write https:\/\/a\.example,/);
    refuses('LATCHKEY_ISSUER', 'https://a.example:443', /Write https:\/\/a\.example,/);
    refuses('LATCHKEY_ISSUER', 'https://a.example/x?y#z', /Write https:\/\/a\.example\/x,/);
    refuses('LATCHKEY_ISSUER', 'https://jane@a.example', /Every token would show it/);
    refuses('LATCHKEY_ISSUER', 'https://:hunter2@a.example', /Every token would show it/);
    refuses('LATCHKEY_CORS_ORIGINS', 'https://a.example/', /Write https:\/\/a\.example\./);
    refuses('LATCHKEY_CORS_ORIGINS', 'https://a.example:443', /Write https:\/\/a\.example\./);
    refuses('LATCHKEY_CORS_ORIGINS', 'http://A.example/x', /Write http:\/\/a\.example\./);
    refuses('LATCHKEY_CORS_ORIGINS', 'null', /pages of any sender say "null"/);
  });

  test('is not one that has the greatest value or length that is allowed', () => {
    const audience = 'a'.repeat(255);
    const given = read({ env: { LATCHKEY_PORT: '65535', LATCHKEY_AUDIENCE: audience } });
    assert.deepEqual([given.port, given.audience], [65_535, audience]);
  });

  test('is refused where its type in code is wrong', () => {
    const wrong: Record<string, unknown> = {
      port: [8000],
      host: null,
      secret: 1234567890,
      accessTokenTtl: true,
      corsOrigins: [1],
      trustProxy: {},
    };
    for (const [name, value] of Object.entries(wrong)) {
      assert.equal(refusal({ options: { ...{ [name]: value } } }).setting, name);
    }
    assert.equal(refusal({ flags: { port: true } }).setting, '--port');
  });
});

suite('a secret setting in a file', () => {
  const file = (content: string | Buffer) => envFile(content);
  const fromFile = (content: string | Buffer) =>
    read({ env: { LATCHKEY_SECRET_FILE: file(content) } }).secret;

  test('is read without its last line break', () => {
    for (const end of ['', '\n', '\r\n']) assert.equal(fromFile(`${secret}${end}`), secret);
    const url = 'postgres://u:p@h/d';
    const env = {
      LATCHKEY_DATABASE_URL_FILE: file(`${url}\n`),
      LATCHKEY_SECRET_FILE: file(secret),
    };
    assert.equal(read({ env }).databaseUrl, url);
    const inFile = envFile(`LATCHKEY_SECRET_FILE=${file(secret)}`);
    assert.equal(read({ envFile: inFile }).secret, secret);
    const link = join(folder, 'link');
    symlinkSync(file(secret), link);
    assert.equal(read({ env: { LATCHKEY_SECRET_FILE: link } }).secret, secret);
  });

  test('is refused by its name where it cannot be a value', () => {
    const cases: [string | Buffer, RegExp][] = [
      ['', /is empty/],
      ['\n', /is empty/],
      [`${secret}\n\n`, /white space/],
      [`\ufeff${secret}`, /white space/],
      ['short', /too weak/],
      [Buffer.from([0xff, 0xfe, 0x41]), /not valid UTF-8/],
      ['x'.repeat(64 * 1024 + 1), /larger than 64 KiB/],
    ];
    for (const [content, reason] of cases) {
      const error = refusal({ env: { LATCHKEY_SECRET_FILE: file(content) } });
      assert.equal(error.setting, 'LATCHKEY_SECRET_FILE');
      assert.match(error.message, reason);
      assert.ok(!error.message.includes(secret));
    }
    assert.match(
      refusal({ env: { LATCHKEY_DATABASE_URL_FILE: file('mysql://u:hunter2@h') } }).message,
      /^LATCHKEY_DATABASE_URL_FILE: is not a database/,
    );
  });

  test('must be a regular file', () => {
    const paths: [string, RegExp][] = [
      ['', /is empty/],
      [folder, /not a regular file/],
      [join(folder, 'absent'), /cannot be read \(ENOENT\)/],
      [`${file(secret)}\r`, /carriage return/],
    ];
    if (process.platform !== 'win32') {
      const pipe = join(folder, 'pipe');
      const make = ['-c', 'mkfifo "$0"', pipe];
      execFileSync('sh', make);
      paths.push([pipe, /not a regular file/], ['/dev/zero', /not a regular file/]);
    }
    for (const [path, reason] of paths) {
      refuses('LATCHKEY_SECRET_FILE', path, reason);
    }
  });

  test('stops the start where the value is given too', () => {
    const both = /are both set/;
    const env = { LATCHKEY_SECRET: secret, LATCHKEY_SECRET_FILE: file(secret) };
    assert.match(refusal({ env }).message, both);
    assert.match(
      refusal({
        envFile: envFile(`LATCHKEY_SECRET=${secret}`),
        env: { LATCHKEY_SECRET_FILE: file(secret) },
      }).message,
      both,
    );
  });

  test('is not read where code gives the value, and is for secrets alone', () => {
    const env = { LATCHKEY_SECRET_FILE: join(folder, 'absent') };
    assert.equal(read({ env, options: { secret } }).secret, secret);
    refuses('LATCHKEY_PORT_FILE', file('1'), /only secret settings .* Set LATCHKEY_PORT\./);
    refuses('LATCHKEY_SECRT_FILE', file(secret), /Did you mean LATCHKEY_SECRET_FILE\?/);
  });
});

suite('a variable of a guard, a client or a test', () => {
  test('does not stop a server', () => {
    for (const name of ['GUARD_KEY', 'GUARD_KEY_FILE', 'CLIENT_ID', 'CLIENT_SECRET', 'TEST_URL']) {
      read({ env: { [`LATCHKEY_${name}`]: 'x' } });
      read({ envFile: envFile(`LATCHKEY_${name}=x`) });
    }
    for (const name of ['GUARDKEY', 'GUARDS', 'guard_key', 'CLIENT']) {
      refuses(`LATCHKEY_${name}`, 'x', /is not a variable|Did you mean/);
    }
  });
});

suite('a location with a stray character', () => {
  const strays = (text: string) => [
    `${text}\r`,
    `${text}\n`,
    `${text} `,
    ` ${text}`,
    `${text}\u00a0`,
    `\ufeff${text}`,
    `${text}\u200b`,
    `${text}\u2028`,
    `${text.slice(0, 3)}\u0007${text.slice(3)}`,
    `"${text}"`,
    `'${text}'`,
    `${text}"`,
    `\u201c${text}\u201d`,
  ];
  const locations = {
    databaseUrl: ['sqlite:./data/a.db', 'sqlite::memory:', 'postgres://u:hunter2@h/d'],
    dataDir: ['./data', '/var/lib/latchkey'],
    issuer: ['https://a.example'],
    corsOrigins: ['"https://a.example"', 'https://a.example"', 'https://a.example\u200b'],
  };
  test('is refused, by whatever way it comes', () => {
    for (const name of ['databaseUrl', 'dataDir', 'issuer'] as const) {
      const { variable, flag } = settingTable[name];
      for (const text of locations[name].flatMap(strays)) {
        const error = refusal({ env: { [variable]: text, LATCHKEY_SECRET: secret } });
        assert.equal(error.setting, variable, JSON.stringify(text));
        assert.doesNotMatch(error.message, /hunter2/);
        refusal({ options: { [name]: text, secret } });
        refusal({ flags: { [flag]: text } });
      }
    }
    for (const text of locations.corsOrigins)
      refuses('LATCHKEY_CORS_ORIGINS', text, /quotation mark|blank/);
    for (const text of [
      'sqlite: ./a.db',
      'sqlite:"./a.db"',
      'sqlite:memory:',
      'sqlite:::memory:',
    ]) {
      refuses('LATCHKEY_DATABASE_URL', text, /quotation mark|blank|looks like :memory:/);
    }
    refuses('LATCHKEY_AUDIENCE', '"https://a.example"', /Remove the quotes/);
  });

  test('is named', () => {
    refuses('LATCHKEY_DATA_DIR', 'data\r', /a carriage return \(U\+000D\).*Windows/);
    refuses('LATCHKEY_DATABASE_URL', 'sqlite::memory:\r', /a carriage return/);
    refuses('LATCHKEY_DATA_DIR', '"./data"', /quotation mark.*docker run --env-file/);
  });

  test('is not what stands within it', () => {
    for (const dataDir of ['/srv/my data', "/srv/o'neil/x", '/srv/d\u00e9pôt', '/srv/\u200fx']) {
      assert.equal(read({ options: { dataDir } }).dataDir, resolve(dataDir));
    }
  });
});

suite('a well-formed setting', () => {
  test('of time may have a unit', () => {
    const access = (accessTokenTtl: number | string) =>
      read({ options: { accessTokenTtl, refreshGrace: 0 } }).accessTokenTtl;
    assert.deepEqual(
      [90, '90', '90s', '15m', '24h', '1.5m', '2000ms'].map(access),
      [90, 90, 90, 900, 86_400, 90, 2],
    );
    const { refreshTokenTtl, refreshGrace } = read({
      env: { LATCHKEY_REFRESH_TOKEN_TTL: '400d', LATCHKEY_REFRESH_GRACE: '500ms' },
    });
    assert.deepEqual([refreshTokenTtl, refreshGrace], [34_560_000, 0.5]);
    assert.equal(read({ options: { refreshGrace: 0 } }).refreshGrace, 0);
    assert.equal(read({ options: { refreshGrace: '5m' } }).refreshGrace, 300);
  });

  test('of time must suit the others', () => {
    const short = { LATCHKEY_ACCESS_TOKEN_TTL: '1m', LATCHKEY_REFRESH_TOKEN_TTL: '60' };
    assert.match(refusal({ env: short }).message, /^LATCHKEY_REFRESH_TOKEN_TTL: /);
    const grace = { LATCHKEY_ACCESS_TOKEN_TTL: '30s', LATCHKEY_REFRESH_GRACE: '30s' };
    assert.match(refusal({ env: grace }).message, /^LATCHKEY_REFRESH_GRACE: /);
  });

  test('names a database', () => {
    const database = (databaseUrl: string) => read({ options: { databaseUrl, secret } }).database;
    assert.deepEqual(database('sqlite:a/b.db'), { kind: 'sqlite', path: resolve('a/b.db') });
    assert.deepEqual(database('sqlite:/a/b.db'), { kind: 'sqlite', path: '/a/b.db' });
    assert.deepEqual(database('sqlite::memory:'), { kind: 'sqlite', path: ':memory:' });
    for (const url of ['postgres://u:p@h/d', 'postgresql://h/d?sslmode=require']) {
      assert.deepEqual(database(url), { kind: 'postgres', url });
    }
  });

  test('keeps the issuer to the letter', () => {
    for (const issuer of ['https://a.example', 'http://a.example:8080/auth', 'https://[::1]:1']) {
      assert.equal(read({ options: { issuer } }).issuer, issuer);
    }
  });

  test('is the issuer where no audience is given, whole, unless that is too long', () => {
    const issuer = 'https://a.example/tenants/a,b';
    assert.equal(read({ options: { issuer } }).audience, issuer);
    const path = (length: number) => `https://a.example/${'a'.repeat(length - 18)}`;
    assert.equal(read({ options: { issuer: path(255) } }).audience, path(255));
    for (const length of [256, 2000]) {
      assert.throws(
        () => read({ options: { issuer: path(length) } }),
        /issuer: has \d+ characters, .* LATCHKEY_AUDIENCE/,
      );
      assert.equal(read({ options: { issuer: path(length), audience: 'a' } }).audience, 'a');
    }
  });

  test('names one audience or several', () => {
    const one = (text: string) => read({ env: { LATCHKEY_AUDIENCE: text } }).audience;
    assert.equal(one('api'), 'api');
    assert.equal(one('api,api'), 'api');
    assert.deepEqual(one('https://a.example, https://b.example'), [
      'https://a.example',
      'https://b.example',
    ]);
    assert.deepEqual(read({ options: { audience: ['a', 'b'] } }).audience, ['a', 'b']);
    assert.equal(read({ options: { audience: ['a'] } }).audience, 'a');
    for (const wrong of ['a,', ',a', 'a,,b', ',', 'a b,c', `a,${'b'.repeat(256)}`]) {
      assert.equal(refusal({ env: { LATCHKEY_AUDIENCE: wrong } }).setting, 'LATCHKEY_AUDIENCE');
    }
    assert.throws(() => read({ options: { audience: [] } }), { setting: 'audience' });
  });

  test('names proxies and origins', () => {
    const proxies = (trustProxy: SettingOptions['trustProxy']) =>
      read({ options: { trustProxy } }).trustProxy;
    assert.deepEqual(proxies(false), false);
    assert.deepEqual(proxies(''), false);
    assert.deepEqual(proxies('10.0.0.2, 192.168.0.0/16'), ['10.0.0.2', '192.168.0.0/16']);
    assert.deepEqual(proxies(['::1', 'fd00::/8']), ['::1', 'fd00::/8']);

    const origins = 'https://app.example.com, http://localhost:3000,http://localhost:3000';
    const { corsOrigins } = read({ env: { LATCHKEY_CORS_ORIGINS: origins } });
    assert.deepEqual(corsOrigins, ['https://app.example.com', 'http://localhost:3000']);
    assert.deepEqual(read({ env: { LATCHKEY_CORS_ORIGINS: '' } }).corsOrigins, []);
  });

  test('takes origins of apps, and refuses what no browser sends', () => {
    const apps = [
      'capacitor://localhost',
      'app://.',
      'chrome-extension://abc',
      'http://[::1]:3000',
    ];
    assert.deepEqual(read({ options: { corsOrigins: apps } }).corsOrigins, apps);
    for (const [origin, hint] of [
      ['capacitor://localhost/', 'Write capacitor://localhost.'],
      ['tauri://localhost/index.html?a', 'Write tauri://localhost.'],
      ['https://app.example/', 'Write https://app.example.'],
      ['htps://app.example', 'Did you mean https://?'],
      ['htttp://app.example', 'Did you mean http://?'],
      ['null', 'capacitor://localhost'],
      ['file://', 'capacitor://localhost'],
      ['data://x', 'capacitor://localhost'],
      ['javascript://x', 'capacitor://localhost'],
      ['wss://app.example', 'capacitor://localhost'],
      ['localhost:3000', 'capacitor://localhost'],
      ['capacitor:localhost', 'capacitor://localhost'],
      ['capacitor://', 'capacitor://localhost'],
      ['app://user@host', 'Write app://host.'],
      ['chrome-extension://*', 'Name each origin'],
    ] as const) {
      const { message } = refusal({ env: { LATCHKEY_CORS_ORIGINS: origin } });
      assert.ok(message.includes(hint), message);
    }
  });
});

suite('a secret', () => {
  test('is kept as it is', () => {
    assert.equal(read({ env: { LATCHKEY_SECRET: secret } }).secret, secret);
  });

  for (const weak of [
    '',
    'short',
    secret.slice(1),
    'a'.repeat(64),
    'change-this-secret-in-production-please',
    `${secret}\n`,
    'https://vault.example/v1/latchkey/secret',
    '/run/secrets/latchkey-secret-of-production',
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpRNbnDbBmY1UBGtOHfY1BJTEw0Fs',
    '-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQYI',
  ]) {
    test(`is refused, unseen, where it is weak: ${JSON.stringify(weak.slice(0, 12))}…`, () => {
      const error = refusal({ env: { LATCHKEY_SECRET: weak } });
      assert.equal(error.setting, 'LATCHKEY_SECRET');
      if (weak !== '') assert.ok(!error.message.includes(weak.trim()));
    });
  }

  test('is required with PostgreSQL', () => {
    const env = { LATCHKEY_DATABASE_URL: 'postgres://u:hunter2@h/d' };
    const error = refusal({ env });
    assert.match(error.message, /^LATCHKEY_SECRET: .* every node .* openssl rand -base64 48$/);
    assert.equal(read({ env: { ...env, LATCHKEY_SECRET: secret } }).secret, secret);
  });

  test('cannot be a flag, nor a password in one', () => {
    assert.match(refusal({ flags: { secret } }).message, /^--secret: .* LATCHKEY_SECRET/);
    const flags = { 'database-url': 'postgres://u:hunter2@h/d' };
    const error = refusal({ flags, env: { LATCHKEY_SECRET: secret } });
    assert.match(error.message, /^--database-url: .* LATCHKEY_DATABASE_URL/);
    assert.equal(read({ flags: { 'database-url': 'sqlite:a' } }).database.kind, 'sqlite');
  });

  test('in the URL of a database is never quoted', () => {
    for (const url of [
      'mysql://u:hunter2@h/d',
      'postgres:u:hunter2@h',
      'postgres://u:hunter2@h:x/',
    ]) {
      const { message } = refusal({ env: { LATCHKEY_DATABASE_URL: url, LATCHKEY_SECRET: secret } });
      assert.ok(!message.includes('hunter2'), message);
    }
  });
});

suite('the table of settings', () => {
  test('agrees with itself, and its fixed defaults are valid', () => {
    const refuse = (problem: string) => assert.fail(problem);
    for (const [name, spec] of Object.entries(settingTable)) {
      assert.equal(spec.name, name);
      const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      assert.equal(spec.variable, `LATCHKEY_${snake.toUpperCase()}`);
      if (spec.flag !== undefined) assert.equal(spec.flag, snake.replaceAll('_', '-'));
      assert.ok(spec.description.endsWith('.'));
      if (!spec.default.includes('<')) spec.parse(spec.default, refuse);
    }
  });

  test('documents each option with the default that it has', () => {
    const source = readFileSync(
      new URL('../../src/config/setting-table.ts', import.meta.url),
      'utf8',
    );
    for (const [name, spec] of Object.entries(settingTable)) {
      const [, comment = ''] =
        new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s+${name}: \\{`).exec(source) ?? [];
      const text = comment.replaceAll(/\s*\n\s*\*\s*/g, ' ');
      assert.match(text, /Default/, name);
      const isFixed = spec.default !== '' && !spec.default.startsWith('<');
      if (isFixed) assert.ok(text.includes(spec.default), `${name}: ${text}`);
    }
  });
});
