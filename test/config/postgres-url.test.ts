import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readPostgresConnection } from '../../src/config/postgres/connection.ts';
import { readSettings } from '../../src/config/read-settings.ts';
import { InvalidSetting } from '../../src/kernel/errors.ts';

type Environment = Readonly<Record<string, string>>;

function refusal(url: string, env: Environment = {}): InvalidSetting {
  try {
    readPostgresConnection(url, env);
  } catch (error) {
    assert.ok(error instanceof InvalidSetting, String(error));
    assert.doesNotMatch(error.message, /hunter2/);
    return error;
  }
  assert.fail(`nothing was refused: ${url}`);
}

const base = 'postgres://u:hunter2@h/d';

suite('a parameter of the URL of PostgreSQL', () => {
  const cases: [string, RegExp][] = [
    // Unknown ones, with the nearest name.
    ['sslMode=verify-full', /parameter sslMode .* Did you mean sslmode\?/],
    ['sslmod=require', /Did you mean sslmode\?/],
    ['ssl_mode=require', /Did you mean sslmode\?/],
    ['SSLROOTCERT=/a', /Did you mean sslrootcert\?/],
    ['aplication_name=x', /Did you mean application_name\?/],
    ['tls=true', /sslmode=verify-full/],
    ['something=1', /docs\/guide\.md/],
    ['schema=auth', /options=-c%20search_path%3DNAME/],
    ['search_path=auth', /options=-c%20search_path%3DNAME/],
    ['currentSchema=auth', /options=-c%20search_path%3DNAME/],
    ['connection_limit=5', /pool_size/],
    ['database=x', /dbname/],
    // Known ones with values that mean nothing.
    ['sslmode=nonsense', /sslmode is "nonsense", .* verify-full/],
    ['sslmode=verify_full', /Did you mean verify-full\?/],
    ['sslmode=VERIFY-FULL', /Did you mean verify-full\?/],
    ['sslmode=', /sslmode is empty/],
    ['ssl=require', /sslmode=require/],
    ['ssl=no-verify', /sslmode=verify-full/],
    ['ssl=0', /sslmode/],
    ['channel_binding=always', /not one of/],
    ['keepalives=yes', /not one of 0, 1/],
    ['port=many', /not a port/],
    ['port=65536', /not a port/],
    ['connect_timeout=0', /whole number above 0/],
    ['application_name=a%0Ab', /control character/],
    ['client_encoding=LATIN1', /not UTF8/],
    // Known ones that cannot be honoured.
    ['target_session_attrs=standby', /writes/],
    ['hostaddr=10.0.0.1', /as the host/],
    ['service=x', /service/],
    ['passfile=/x', /PGPASSFILE/],
    ['require_auth=scram-sha-256', /channel_binding=require/],
    ['gssencmode=require', /GSSAPI/],
    ['keepalives_count=3', /Node\.js/],
    ['sslmode=require&sslcrldir=/x', /sslcrl/],
    ['replication=database', /replication/],
    // Twice.
    ['sslmode=verify-full&sslmode=disable', /gives sslmode twice/],
    ['host=other', /gives host twice/],
    ['user=other', /gives user twice/],
    ['password=other', /gives password twice/],
    ['dbname=other', /gives dbname twice/],
  ];
  /** The environment might complete these, so they are judged with it. */
  const combinations: [string, RegExp][] = [
    ['sslmode=verify-ca', /sslrootcert=<file>/],
    ['sslmode=require&sslrootcert=system', /sslmode=verify-full/],
    ['sslmode=disable&sslrootcert=/a', /may send everything unencrypted/],
    ['sslmode=prefer&sslcert=/a&sslkey=/b', /may send everything unencrypted/],
    ['channel_binding=require', /need not be encrypted/],
    ['channel_binding=require&sslmode=prefer', /need not be encrypted/],
    ['sslmode=prefer&sslnegotiation=direct', /may send everything unencrypted/],
    ['sslmode=require&ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2', /both/],
    ['ssl=true&sslmode=disable', /both ssl and sslmode/],
  ];
  for (const [query, reason] of combinations) {
    test(`stops the start: ${query}`, () => {
      assert.match(refusal(`${base}?${query}`).message, reason);
    });
  }
  for (const [query, reason] of cases) {
    test(`stops the start: ${query}`, () => {
      assert.match(refusal(`${base}?${query}`).message, reason);
      // Before anything is opened, and under the name that was written.
      const read = () =>
        readSettings({
          env: {},
          envFile: false,
          options: { databaseUrl: `${base}?${query}`, secret: 'p9Vd2mWq7ZsX4cLr8TkB1nYf6GhJ0aEu' },
        });
      assert.throws(read, { name: 'InvalidSetting', setting: 'databaseUrl' });
    });
  }

  test('is not quoted where it may be part of a password', () => {
    for (const url of [
      'postgres://u:12?hunter2@h/d',
      'postgres://u:hunter2#x@h/d',
      'postgres://h/d?password=a&hunter2',
      'postgres://u:hunter2%@h/d',
      'postgres://u:hunter2@a:1,b:2/d',
    ]) {
      refusal(url);
    }
  });

  test('that libpq documents works as it means it', () => {
    const read = (query: string) => readPostgresConnection(`${base}?${query}`, {});
    assert.equal(read('application_name=a&fallback_application_name=b').applicationName, 'a');
    assert.equal(read('fallback_application_name=b').applicationName, 'b');
    assert.equal(read('connect_timeout=7').connectTimeoutMs, 7_000);
    assert.equal(read('keepalives=0').keepAliveMs, undefined);
    assert.equal(read('keepalives_idle=60').keepAliveMs, 60_000);
    assert.equal(read('options=-c%20search_path%3Dauth').options, '-c search_path=auth');
    assert.equal(read('sslmode=require').tls?.mode, 'require');
    assert.equal(read('sslmode=require&sslrootcert=/a').tls?.mode, 'verify-ca');
    assert.equal(read('sslmode=verify-full&sslrootcert=system').tls?.rootCert, undefined);
    for (const name of [
      'sslrootcert=/a',
      'sslcrl=/a',
      'sslcert=/a&sslkey=/b',
      'sslnegotiation=direct',
    ]) {
      assert.equal(read(name).tls?.mode, 'verify-full');
    }
    for (const name of ['any', 'read-write', 'primary']) read(`target_session_attrs=${name}`);
    const all = readPostgresConnection(
      'postgresql:///?host=h&port=1&user=u&password=p&dbname=d',
      {},
    );
    const { host, port, user, password, database } = all;
    assert.deepEqual(
      { host, port, user, password, database },
      {
        host: 'h',
        port: 1,
        user: 'u',
        password: 'p',
        database: 'd',
      },
    );
    assert.equal(readPostgresConnection('postgres://u@[::1]:5433/d', {}).host, '::1');
    assert.equal(readPostgresConnection('postgres://u:%23%2F%40@h/a%20b', {}).password, '#/@');
  });
});

suite('a variable of libpq', () => {
  test('says what the URL does not', () => {
    const env = { PGSSLMODE: 'verify-full', PGHOST: 'a', PGAPPNAME: 'b', PGDATABASE: 'c' };
    const { tls, host, applicationName, database } = readPostgresConnection('postgres://h', env);
    assert.deepEqual([tls?.mode, host, applicationName, database], ['verify-full', 'h', 'b', 'c']);
    assert.equal(readPostgresConnection('postgres://h?sslmode=disable', env).tls, undefined);
    assert.equal(readPostgresConnection('postgres://h', { PGSSLMODE: '' }).tls, undefined);
  });

  test('of another program is nothing to us', () => {
    const env = {
      PGDATA: '/x',
      PGADMIN_DEFAULT_EMAIL: 'x',
      PGTZ: 'UTC',
      PGPASSFILE: '/x',
      PAGER: 'l',
    };
    readPostgresConnection('postgres://h', env);
  });

  const cases: [string, string, RegExp][] = [
    ['PGSSLMODE', 'nonsense', /not one of/],
    ['PGSSLMODE', 'verify-ca', /sslrootcert names no authority/],
    ['PGSSLMOD', 'require', /Did you mean PGSSLMODE\?/],
    ['PGSSL_MODE', 'require', /Did you mean PGSSLMODE\?/],
    ['pgsslmode', 'require', /Did you mean PGSSLMODE\?/],
    ['PGSSL', 'true', /PGSSLMODE/],
    ['PGPORT', 'many', /not a port/],
    ['PGHOST', 'a,b', /several hosts/],
    ['PGSERVICE', 'x', /not supported/],
    ['PGTARGETSESSIONATTRS', 'standby', /writes/],
    ['PGREQUIREAUTH', 'scram-sha-256', /channel_binding/],
    ['PGCLIENTENCODING', 'LATIN1', /UTF8/],
  ];
  for (const [variable, text, reason] of cases) {
    test(`stops the start: ${variable}=${text}`, () => {
      const error = refusal('postgres://', { [variable]: text });
      assert.match(error.message, reason);
      if (!/verify-ca/.test(text)) assert.equal(error.setting, variable);
    });
  }
});
