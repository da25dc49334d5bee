import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DEFAULT_POLICY } from '../../src/hasher/policy.ts';
import { findImportProblem, readStoredHash } from '../../src/hasher/stored-hash.ts';
import {
  createDecoy,
  createDecoyHash,
  planVerification,
} from '../../src/hasher/verification-plan.ts';

const salt = 'c29tZXNhbHRzb21lc2FsdA';
const output = 'A'.repeat(43);
const bcryptTail = 'CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';

function plan(stored: string | null, password = 'correct horse') {
  return planVerification(stored, password, DEFAULT_POLICY);
}

suite('planVerification', () => {
  test('computes a decoy of exactly the configured cost if there is no hash', () => {
    const policy = { memoryCost: 64, timeCost: 3, parallelism: 2 };
    const made = planVerification(null, 'x', policy);
    assert.equal(made.engine, 'argon2');
    assert.match(made.hash, /^\$argon2id\$v=19\$m=64,t=3,p=2\$/);
    assert.equal(made.mayMatch, false);
  });

  test('computes the decoy that it is given if there is no hash', () => {
    for (const decoy of [
      `$2b$10$${'.'.repeat(53)}`,
      `$argon2i$v=16$m=64,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    ]) {
      for (const stored of [null, 'plain text']) {
        const made = planVerification(stored, 'x', DEFAULT_POLICY, decoy);
        const engine = decoy.startsWith('$2b$') ? 'bcrypt' : 'argon2';
        assert.deepEqual(made, { engine, hash: decoy, mayMatch: false, outdated: false });
      }
    }
  });

  test('makes decoys of the kind and cost of a hash, with nothing else of it', () => {
    const zeros = `${'A'.repeat(22)}$${'A'.repeat(43)}`;
    for (const [stored, decoy] of [
      [`$2a$12$${bcryptTail}`, `$2b$12$${'.'.repeat(53)}`],
      [`$2y$05$${bcryptTail}`, `$2b$05$${'.'.repeat(53)}`],
      [
        `$argon2id$v=19$m=64,t=3,p=2$${salt}$${'B'.repeat(42)}A`,
        `$argon2id$v=19$m=64,t=3,p=2$${zeros}`,
      ],
      [`$argon2i$m=64,t=3,p=2$${salt}$${output}`, `$argon2i$m=64,t=3,p=2$${zeros}`],
      [`$argon2d$v=16$m=64,t=3,p=2$${salt}$${output}`, `$argon2d$v=16$m=64,t=3,p=2$${zeros}`],
    ] as const) {
      assert.equal(createDecoy(stored), decoy);
      assert.equal(createDecoy(decoy), decoy, 'a decoy can be verified');
    }
    for (const stored of Object.values(refused)) assert.equal(createDecoy(stored), undefined);
  });

  const refused: Record<string, string> = {
    empty: '',
    'plain text': 'correct horse',
    'another kind': `$6$rounds=5000$${salt}$${output}`,
    'bcrypt 2x, the variant with the sign bug': `$2x$05$${bcryptTail}`,
    'bcrypt without a variant': `$2$05$${bcryptTail}`,
    'bcrypt, a character short': `$2b$05$${bcryptTail.slice(1)}`,
    'bcrypt with unused bits in the salt': `$2b$05$${bcryptTail.replace('.E', '/E')}`,
    'bcrypt with unused bits in the hash': `$2b$05$${bcryptTail.slice(0, -1)}z`,
    'bcrypt of cost 3': `$2b$03$${bcryptTail}`,
    'bcrypt of cost 16': `$2b$16$${bcryptTail}`,
    'bcrypt of cost 31': `$2b$31$${bcryptTail}`,
    'argon2 over 256 MiB': `$argon2id$v=19$m=262145,t=1,p=1$${salt}$${output}`,
    'argon2 over 64 passes': `$argon2id$v=19$m=8,t=65,p=1$${salt}$${output}`,
    'argon2 over 16 lanes': `$argon2id$v=19$m=1024,t=1,p=17$${salt}$${output}`,
    'argon2 with much of both': `$argon2id$v=19$m=262144,t=17,p=1$${salt}$${output}`,
    'argon2 with too little memory': `$argon2id$v=19$m=8,t=1,p=2$${salt}$${output}`,
    'argon2 with no passes': `$argon2id$v=19$m=64,t=0,p=1$${salt}$${output}`,
    'argon2 with a short output': `$argon2id$v=19$m=64,t=1,p=1$${salt}$AAAAAA`,
    'argon2 of an unknown version': `$argon2id$v=20$m=64,t=1,p=1$${salt}$${output}`,
    'argon2 with unused bits in the salt': `$argon2id$v=19$m=64,t=1,p=1$${'B'.repeat(22)}$${output}`,
    'argon2 with unused bits in the output': `$argon2id$v=19$m=64,t=1,p=1$${salt}$${'B'.repeat(43)}`,
    'argon2 with half a byte of salt': `$argon2id$v=19$m=64,t=1,p=1$${'A'.repeat(21)}$${output}`,
    'argon2 with a line break': `$argon2id$v=19$m=64,t=1,p=1$${salt}$${output}\n`,
  };
  for (const [what, stored] of Object.entries(refused)) {
    test(`computes the decoy instead of a stored hash that is: ${what}`, () => {
      assert.deepEqual(plan(stored), {
        engine: 'argon2',
        hash: createDecoyHash(DEFAULT_POLICY),
        mayMatch: false,
        outdated: false,
      });
    });
  }

  test('refuses the same hashes as the import, which says why without quoting the hash', () => {
    for (const [what, stored] of Object.entries(refused)) {
      const read = readStoredHash(stored);
      assert.ok('problem' in read, what);
      assert.ok(stored === '' || !read.problem.includes(stored.slice(0, 20)), what);
    }
    const reasons: Record<string, RegExp> = {
      [`$2b$05$${bcryptTail}\n`]: /line break/,
      [` $2b$05$${bcryptTail}`]: /blank/,
      [`$2b$05$${bcryptTail}`.slice(0, 40)]: /has 40 characters, and a bcrypt hash has 60: .*cut/,
      [`$2b$05$${bcryptTail}x`]: /has 61 characters/,
      [`$2b$05$${bcryptTail.replace('C', '+')}`]: /a character in it is wrong/,
      [`$2b$16$${bcryptTail}`]: /cost 16, and 4 to 15/,
      [`$2b$99$${bcryptTail}`]: /cost 99/,
      [`$2x$05$${bcryptTail}`]: /argon2id or bcrypt/,
      [`$6$rounds=5000$${salt}$${output}`]: /argon2id or bcrypt/,
      pbkdf2_sha256$600000$salt$hash: /argon2id or bcrypt/,
      '$argon2id$…$x$y': /its cost/,
      [`$argon2id$v=19$m=64,t=1$${salt}$${output}`]: /m=…,t=…,p=…/,
      [`$argon2id$v=19$m=64,t=1,p=1,keyid=x$${salt}$${output}`]: /m=…,t=…,p=…/,
      [`$argon2id$v=20$m=64,t=1,p=1$${salt}$${output}`]: /version/,
      [`$argon2id$v=19$m=64,t=1,p=1$x$${output}`]: /salt/,
      [`$argon2id$v=19$m=64,t=1,p=1$${salt}$y`]: /output/,
      [`$argon2id$v=19$m=64,t=1,p=1$${salt}$${output}=`]: /output/,
      [`$argon2id$v=19$m=64,t=1,p=1$${salt}$${output}$`]: /more parts/,
      [`$argon2id$v=19$m=262145,t=1,p=1$${salt}$${output}`]: /256 MiB/,
    };
    for (const [stored, reason] of Object.entries(reasons)) {
      const read = readStoredHash(stored);
      assert.match('problem' in read ? read.problem : 'none', reason, stored);
    }
  });

  test('refuses a hash whose output was cut, even if base64 does not show it', () => {
    const whole = `$argon2id$v=19$m=64,t=1,p=1$${salt}$${output}`;
    assert.equal(findImportProblem(whole), undefined);
    for (const bytes of [16, 20, 24, 28, 48, 64]) {
      const other = Buffer.alloc(bytes).toString('base64').replace(/=+$/, '');
      assert.equal(findImportProblem(whole.replace(output, other)), undefined);
    }
    const accepted = Array.from({ length: 21 }, (_, cut) => whole.slice(0, -1 - cut)).filter(
      (cut) => findImportProblem(cut) === undefined,
    );
    // 28, 24, 20 and 16 bytes: these do not show that they were longer.
    assert.deepEqual(
      accepted.map(({ length }) => whole.length - length),
      [5, 11, 16, 21],
    );
    assert.match(findImportProblem(whole.slice(0, -3)) ?? '', /30 bytes.*cut/);
    // It is verified, should it be stored already and whole.
    assert.ok(!('problem' in readStoredHash(whole.slice(0, -3))));
    assert.match(findImportProblem(`$2b$05$${bcryptTail}\n`) ?? '', /line break/);
  });

  const outdated: Record<string, boolean> = {
    [`$argon2id$v=19$m=19456,t=2,p=1$${salt}$${output}`]: false,
    [`$argon2id$v=19$m=19455,t=2,p=1$${salt}$${output}`]: true,
    [`$argon2id$v=19$m=65536,t=2,p=1$${salt}$${output}`]: true,
    [`$argon2id$v=19$m=19456,t=3,p=1$${salt}$${output}`]: true,
    [`$argon2id$v=19$m=19456,t=2,p=2$${salt}$${output}`]: true,
    [`$argon2id$v=16$m=19456,t=2,p=1$${salt}$${output}`]: true,
    [`$argon2id$m=19456,t=2,p=1$${salt}$${output}`]: true,
    [`$argon2i$v=19$m=19456,t=2,p=1$${salt}$${output}`]: true,
    [`$argon2d$v=19$m=19456,t=2,p=1$${salt}$${output}`]: true,
    [`$2b$15$${bcryptTail}`]: true,
  };
  for (const [stored, expected] of Object.entries(outdated)) {
    test(`${expected ? 'wants to replace' : 'keeps'} ${stored.slice(0, 32)}…`, () => {
      const made = plan(stored);
      assert.equal(made.hash, stored);
      assert.equal(made.mayMatch, true);
      assert.equal(made.outdated, expected);
    });
  }

  test('runs bcrypt but ignores its answer if it cannot tell passwords apart', () => {
    const stored = `$2b$05$${bcryptTail}`;
    for (const [password, mayMatch] of [
      ['a'.repeat(72), true],
      ['a'.repeat(73), false],
      ['é'.repeat(36), true],
      [`${'é'.repeat(36)}a`, false],
      ['ab\0ab', false],
      ['\ud800', false],
    ] as const) {
      const made = plan(stored, password);
      assert.equal(made.engine, 'bcrypt');
      assert.equal(made.mayMatch, mayMatch, JSON.stringify(password));
    }
  });

  test('never lets a lone surrogate match', () => {
    assert.equal(plan(createDecoyHash(DEFAULT_POLICY), 'pass\udfff').mayMatch, false);
  });
});
