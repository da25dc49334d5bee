import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { InvalidSetting } from '../../src/kernel/errors.ts';
import { systemRandom } from '../../src/kernel/system-random.ts';
import { openLatchkey } from '../../src/system/latchkey.ts';
import { loadOrCreateSecret } from '../../src/system/secret-file.ts';

const good = 'p9Vd2mWq7ZsX4cLr8TkB1nYf6GhJ0aEu';
const skip = process.platform === 'win32' ? 'Windows has no such modes' : false;

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-secret-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function write(folder: string, text: string, mode = 0o600): string {
  const file = join(folder, 'secret');
  writeFileSync(file, text, { mode });
  chmodSync(file, mode);
  return file;
}

async function refusal(folder: string): Promise<InvalidSetting> {
  try {
    await loadOrCreateSecret(folder, systemRandom);
  } catch (error) {
    assert.ok(error instanceof InvalidSetting, String(error));
    return error;
  }
  assert.fail('nothing was refused');
}

suite('the secret file', () => {
  test('is made at the first start and read at the next', async (t) => {
    const folder = join(temporaryFolder(t), 'new', 'data');
    const secret = await loadOrCreateSecret(folder, systemRandom);
    assert.match(secret, /^[\w-]{43}$/);
    assert.equal(await loadOrCreateSecret(folder, systemRandom), secret);
    assert.equal(readFileSync(join(folder, 'secret'), 'utf8'), secret);
    assert.deepEqual(readdirSync(folder), ['secret']);
  });

  test('is for its owner alone, whatever the umask', { skip }, async (t) => {
    const folder = join(temporaryFolder(t), 'data');
    const before = process.umask(0o277);
    try {
      mkdirSync(folder, { mode: 0o700 });
      chmodSync(folder, 0o700);
      await loadOrCreateSecret(folder, systemRandom);
    } finally {
      process.umask(before);
    }
    assert.equal(statSync(join(folder, 'secret')).mode & 0o777, 0o600);

    const other = join(temporaryFolder(t), 'data');
    process.umask(0);
    try {
      await loadOrCreateSecret(other, systemRandom);
    } finally {
      process.umask(before);
    }
    assert.equal(statSync(join(other, 'secret')).mode & 0o777, 0o600);
    assert.equal(statSync(other).mode & 0o777, 0o700);
  });

  test('comes from the randomness that is given', async (t) => {
    let next = 0;
    const random = { bytes: (length: number) => Uint8Array.from({ length }, () => next++ * 37) };
    const secret = await loadOrCreateSecret(temporaryFolder(t), random);
    const expected = Uint8Array.from({ length: 32 }, (_, at) => (at + 8) * 37);
    assert.equal(secret, Buffer.from(expected).toString('base64url'));
  });

  test('may have been written by hand, with a line break at its end', async (t) => {
    const folder = temporaryFolder(t);
    write(folder, `${good}\n`);
    assert.equal(await loadOrCreateSecret(folder, systemRandom), good);
  });

  const refused: Record<string, [string, RegExp]> = {
    empty: ['', /is empty/],
    'a line break only': ['\n', /is empty/],
    'too short': [good.slice(1), /too weak/],
    'in every word list': ['a'.repeat(64), /too weak/],
    'an address': ['https://vault.example/v1/latchkey/secret', /holds an address/],
    'surrounded by space': [` ${good}`, /white space/],
    endless: [good.repeat(200), /larger than/],
  };
  for (const [what, [text, message]] of Object.entries(refused)) {
    test(`is refused and left alone where it is ${what}`, async (t) => {
      const folder = temporaryFolder(t);
      const file = write(folder, text);
      const error = await refusal(folder);
      assert.equal(error.setting, 'LATCHKEY_SECRET');
      assert.match(error.message, message);
      assert.ok(error.message.includes(file), 'names the file');
      if (text.trim() !== '') assert.ok(!error.message.includes(text.trim()), 'shows no secret');
      assert.equal(readFileSync(file, 'utf8'), text);
    });
  }

  for (const mode of [0o644, 0o640, 0o604, 0o620, 0o601]) {
    test(`is refused with mode ${mode.toString(8)}`, { skip }, async (t) => {
      const folder = temporaryFolder(t);
      const file = write(folder, good, mode);
      const { message } = await refusal(folder);
      assert.match(message, new RegExp(`mode 0${mode.toString(8)}`));
      assert.ok(message.includes(`chmod 600 '${file}'`), message);
    });
  }

  test('must be a file that can be read, in a folder that can be made', async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'secret'), { mode: 0o700 });
    assert.match((await refusal(folder)).message, /cannot be read \(EISDIR\)/);

    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'below')]) {
      const error = await refusal(path);
      assert.equal(error.setting, 'LATCHKEY_DATA_DIR');
      assert.match(error.message, /set LATCHKEY_SECRET yourself/);
    }
  });

  test('may be a link, but not to a missing file', { skip }, async (t) => {
    const folder = temporaryFolder(t);
    const target = join(folder, 'elsewhere');
    symlinkSync(target, join(folder, 'secret'));
    assert.match((await refusal(folder)).message, /link to a missing file/);
    writeFileSync(target, good, { mode: 0o600 });
    assert.equal(await loadOrCreateSecret(folder, systemRandom), good);
  });
});

suite('after a crash', () => {
  test('half a file under the other name is neither used nor kept', async (t) => {
    const folder = temporaryFolder(t);
    const stale = join(folder, 'secret.0123456789abcdef.tmp');
    writeFileSync(stale, 'half');
    writeFileSync(join(folder, 'secret.old'), 'not ours');
    const secret = await loadOrCreateSecret(folder, systemRandom);
    assert.match(secret, /^[\w-]{43}$/);
    assert.deepEqual(readdirSync(folder).sort(), ['secret', 'secret.old']);
  });

  test('a second name of the secret in use is removed', async (t) => {
    const folder = temporaryFolder(t);
    const file = write(folder, good);
    linkSync(file, join(folder, 'secret.0123456789abcdef.tmp'));
    assert.equal(await loadOrCreateSecret(folder, systemRandom), good);
    assert.deepEqual(readdirSync(folder), ['secret']);
  });
});

suite('processes that start at the same time', () => {
  test('all get one secret', async (t) => {
    const parent = temporaryFolder(t);
    const racers: ChildProcess[] = [];
    t.after(() => racers.map((racer) => racer.kill()));
    for (let at = 0; at < 3; at++) {
      racers.push(fork(new URL('./secret-racer.ts', import.meta.url), { stdio: 'ignore' }));
    }
    await Promise.all(racers.map((racer) => once(racer, 'message')));
    for (let round = 0; round < 40; round++) {
      const folder = join(parent, `${round}`);
      const answers = racers.map(async (racer) => {
        const [secret]: unknown[] = await once(racer, 'message');
        return secret;
      });
      for (const racer of racers) racer.send(folder);
      const secrets = await Promise.all(answers);
      assert.match(String(secrets[0]), /^[\w-]{43}$/);
      assert.equal(new Set(secrets).size, 1, `round ${round}: ${secrets.length} processes differ`);
      assert.equal(readFileSync(join(folder, 'secret'), 'utf8'), secrets[0]);
    }
  });

  test('all get one secret within one process, too', async (t) => {
    const folder = temporaryFolder(t);
    const secrets = await Promise.all(
      Array.from({ length: 8 }, () => loadOrCreateSecret(folder, systemRandom)),
    );
    assert.equal(new Set(secrets).size, 1);
    assert.deepEqual(readdirSync(folder), ['secret']);
  });
});

test('a data directory that other users can write is closed to them, and the operator hears of it', {
  skip: process.platform === 'win32',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-open-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o777);
  const options = { dataDir: folder, env: {}, envFile: false } as const;
  const first = await openLatchkey(options);
  await first.close();
  const warnings = first.notices.filter((it) => it.level === 'warning');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.text ?? '', /could replace the files .*mode 0777.* now 0755/);
  const second = await openLatchkey(options);
  await second.close();
  assert.deepEqual(second.notices, []);
});
