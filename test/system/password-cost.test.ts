import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, type TestContext, test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { isChallenge, openLatchkey } from 'latchkey/server';
import { createPasswordHasher } from '../../src/hasher/password-hasher.ts';
import { InvalidSetting } from '../../src/kernel/errors.ts';
import { PASSWORD, testOptions } from '../support/server.ts';

const JANE = { username: 'jane', password: PASSWORD };

/** Signs in on a file with the given settings. @returns the stored hash afterwards */
function createSignIn(t: TestContext) {
  const folder = mkdtempSync(join(testOptions().dataDir ?? '', 'cost-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'latchkey.db');
  return async (settings: Record<string, string | number>, passwordHash?: string) => {
    const { hashing: _, ...options } = testOptions();
    const opened = await openLatchkey({ ...options, databaseUrl: `sqlite:${file}`, ...settings });
    try {
      if (passwordHash === undefined) await opened.users.ensure(JANE);
      else await opened.users.ensure({ username: 'jane', passwordHash });
      assert.ok(!isChallenge(await opened.auth.login(JANE)));
    } finally {
      await opened.close();
    }
    const database = new DatabaseSync(file, { readOnly: true });
    const [row] = database.prepare('select password_hash as hash from users').all();
    database.close();
    return String(row?.['hash']);
  };
}

suite('the cost of a password hash', () => {
  test('is that of the settings, and a hash of another cost is replaced at the sign-in', async (t) => {
    const signIn = createSignIn(t);
    const first = await signIn({});
    assert.match(first, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal(await signIn({}), first);
    const second = await signIn({ argon2Memory: '20MiB', argon2Passes: 3, argon2Lanes: 2 });
    assert.match(second, /^\$argon2id\$v=19\$m=20480,t=3,p=2\$/);
  });

  test('replaces bcrypt', async (t) => {
    const hash = await createSignIn(t)(
      { argon2Memory: '7MiB', argon2Passes: 5 },
      hashSync(PASSWORD, { cost: 4 }),
    );
    assert.match(hash, /^\$argon2id\$v=19\$m=7168,t=5,p=1\$/);
  });

  test('fits into half of the memory that there is', () => {
    const memoryCost = 256 * 1024;
    const threads = Math.ceil(totalmem() / (memoryCost * 1024));
    assert.throws(
      () => createPasswordHasher({ memoryCost, threads }),
      (error) =>
        error instanceof InvalidSetting && /half of this machine's memory/.test(error.message),
    );
    // Without a number of threads, fewer are started.
    createPasswordHasher({ memoryCost });
  });
});
