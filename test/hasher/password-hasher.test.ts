import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, suite, type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { hashSync as argon2 } from '@node-rs/argon2';
import { hashSync as bcrypt } from '@node-rs/bcrypt';
import { createPasswordHasher } from '../../src/hasher/password-hasher.ts';
import { InvalidInput, InvalidSetting, ServerOverloaded } from '../../src/kernel/errors.ts';

const cheap = { memoryCost: 64, timeCost: 1 };

/** The workers started since, as Node announces them. */
function watchWorkers(t: TestContext): Worker[] {
  const workers: Worker[] = [];
  const listener = (worker: Worker) => workers.push(worker);
  process.on('worker', listener);
  t.after(() => process.off('worker', listener));
  return workers;
}

suite('hashing and verifying', () => {
  const hasher = createPasswordHasher({ ...cheap, threads: 1 });
  after(() => hasher.close());

  test('makes argon2id hashes that verify, each with its own salt', async () => {
    const [one, two] = await Promise.all([hasher.hash('password123'), hasher.hash('password123')]);
    assert.match(one, /^\$argon2id\$v=19\$m=64,t=1,p=1\$[^$]{22}\$[^$]{43}$/);
    assert.notEqual(one, two);
    assert.deepEqual(await hasher.verify(one, 'password123'), { ok: true, outdated: false });
    assert.deepEqual(await hasher.verify(one, 'password124'), { ok: false, outdated: false });
  });

  test('uses 19 MiB, 2 passes and 1 lane by default', async (t) => {
    const standard = createPasswordHasher();
    t.after(() => standard.close());
    assert.match(await standard.hash('x'), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  test('takes salts from the randomness it is given', async (t) => {
    const random = { bytes: (length: number) => new Uint8Array(length).fill(7) };
    const fixed = createPasswordHasher({ ...cheap, threads: 1, random });
    t.after(() => fixed.close());
    const salt = Buffer.alloc(16, 7);
    assert.equal(await fixed.hash('x'), argon2('x', { ...cheap, salt }));
  });

  const different: Record<string, [string, string]> = {
    'a tail after 72 bytes': ['a'.repeat(72), `${'a'.repeat(72)}b`],
    'two tails after 72 bytes': [`${'a'.repeat(72)}b`, `${'a'.repeat(72)}c`],
    'a space at the end': ['secret word', 'secret word '],
    'a space in front': ['secret word', ' secret word'],
    case: ['Secret', 'secret'],
    'composed and decomposed accents': ['caf\u00e9', 'cafe\u0301'],
    'compatibility forms': ['\ufb01ne', 'fine'],
    'a NUL at the end': ['secret', 'secret\0'],
    'what follows a NUL': ['secret\0one', 'secret\0two'],
    'nothing at all': ['', ' '],
  };
  for (const [what, [right, wrong]] of Object.entries(different)) {
    test(`tells passwords apart by ${what}`, async () => {
      const hash = await hasher.hash(right);
      assert.equal((await hasher.verify(hash, right)).ok, true);
      assert.equal((await hasher.verify(hash, wrong)).ok, false);
    });
  }

  test('refuses to hash a lone surrogate, and never matches one', async () => {
    await assert.rejects(hasher.hash('pass\ud800'), InvalidInput);
    const replaced = await hasher.hash('pass\ufffd');
    assert.equal((await hasher.verify(replaced, 'pass\ud800')).ok, false);
  });

  test('verifies argon2 hashes of another variant or cost and reports them as outdated', async () => {
    for (const options of [
      { ...cheap, algorithm: 1 },
      { ...cheap, algorithm: 0 },
      { ...cheap, version: 0 },
      { memoryCost: 32, timeCost: 1 },
      { memoryCost: 128, timeCost: 1 },
    ]) {
      const hash = argon2('password123', options);
      assert.deepEqual(await hasher.verify(hash, 'password123'), { ok: true, outdated: true });
      assert.deepEqual(await hasher.verify(hash, 'password12'), { ok: false, outdated: false });
    }
  });

  test('verifies bcrypt hashes and reports them as outdated', async () => {
    for (const version of ['2a', '2b', '2y'] as const) {
      const hash = bcrypt('password123', { cost: 4, version });
      assert.ok(hash.startsWith(`$${version}$`));
      assert.deepEqual(await hasher.verify(hash, 'password123'), { ok: true, outdated: true });
      assert.deepEqual(await hasher.verify(hash, 'password12'), { ok: false, outdated: false });
    }
  });

  test('verifies the test vector that bcrypt implementations publish', async () => {
    for (const version of ['2a', '2b', '2y']) {
      const hash = `$${version}$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`;
      assert.equal((await hasher.verify(hash, 'U*U')).ok, true);
      assert.equal((await hasher.verify(hash, 'U*U*')).ok, false);
    }
  });

  test('refuses passwords that bcrypt cannot tell from the right one', async () => {
    const long = bcrypt('a'.repeat(72), { cost: 4 });
    assert.equal((await hasher.verify(long, 'a'.repeat(72))).ok, true);
    assert.equal((await hasher.verify(long, 'a'.repeat(73))).ok, false);
    const short = bcrypt('ab', { cost: 4 });
    assert.equal((await hasher.verify(short, 'ab\0ab')).ok, false);
  });

  test('refuses every password for a hash that it cannot decode', async () => {
    const undecodable = `$argon2id$v=19$m=64,t=1,p=1$${'B'.repeat(22)}$${'B'.repeat(43)}`;
    for (const hash of [null, '', 'nonsense', undecodable, '$2b$31$nonsense']) {
      assert.deepEqual(await hasher.verify(hash, 'x'), { ok: false, outdated: false });
    }
  });

  test('refuses costs that are too high for argon2 or a server', async () => {
    for (const options of [
      { memoryCost: 7 },
      { memoryCost: 19_456.5 },
      { memoryCost: 262_145 },
      { memoryCost: 64, parallelism: 9 },
      { timeCost: 0 },
      { timeCost: 65 },
      { memoryCost: 262_144, timeCost: 17 },
      { parallelism: 0 },
      { threads: 0 },
      { maxQueue: -1 },
      { maxQueue: Number.NaN },
    ]) {
      assert.throws(() => createPasswordHasher(options), InvalidSetting, JSON.stringify(options));
    }
    for (const options of [
      { memoryCost: 64, parallelism: 8 },
      { memoryCost: 65_536, timeCost: 64 },
      { memoryCost: 262_144, timeCost: 16, parallelism: 16 },
    ]) {
      await createPasswordHasher(options).close();
    }
  });
});

suite('workers', () => {
  test('start with the first job, as many as there is work for, and do every job', async (t) => {
    const workers = watchWorkers(t);
    const hasher = createPasswordHasher({ ...cheap, threads: 2 });
    t.after(() => hasher.close());
    assert.equal(workers.length, 0);

    await hasher.verify(null, 'x');
    assert.equal(workers.length, 1);
    const [worker] = workers;
    assert.ok(worker);
    let answers = 0;
    worker.on('message', () => answers++);
    for (const hash of [null, 'nonsense']) await hasher.verify(hash, 'x');
    assert.equal(answers, 2, 'an absent or malformed hash must still cost a computation');

    await Promise.all(Array.from({ length: 8 }, () => hasher.verify(null, 'x')));
    assert.equal(workers.length, 2);
  });

  test('are replaced when they end, and their job is refused', async (t) => {
    const workers = watchWorkers(t);
    const hasher = createPasswordHasher({ ...cheap, threads: 1 });
    t.after(() => hasher.close());
    const hash = await hasher.hash('x');

    // What it cannot decode kills it, before it comes to the job behind.
    workers[0]?.postMessage({ kind: 'verify', engine: 'argon2', hash: 'poison', password: 'x' });
    const doomed = hasher.verify(hash, 'x');
    const waiting = hasher.verify(hash, 'x');
    await assert.rejects(doomed, (error) => {
      assert.ok(error instanceof ServerOverloaded);
      assert.ok(error.cause instanceof Error, 'the log can tell why');
      return true;
    });
    assert.equal((await waiting).ok, true);
    assert.equal((await hasher.verify(hash, 'x')).ok, true);
    assert.equal(workers.length, 2);
  });

  test('run at the lowest priority, and the event loop does not', async (t) => {
    if (process.platform !== 'linux') return t.skip('only Linux has a priority for each thread');
    const before = new Set(readdirSync('/proc/self/task'));
    const hasher = createPasswordHasher({ ...cheap, threads: 1 });
    t.after(() => hasher.close());
    await hasher.hash('x');
    const added = readdirSync('/proc/self/task').filter((id) => !before.has(id));
    assert.ok(added.some((id) => nice(id) === 19));
    assert.equal(nice(String(process.pid)), 0);
  });
});

/** @see proc_pid_stat(5), field 19 */
function nice(thread: string): number {
  const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

suite('the queue', () => {
  test('keeps half of the queue for those who are not strangers, and serves them first', async (t) => {
    const hasher = createPasswordHasher({ ...cheap, threads: 1, maxQueue: 4 });
    t.after(() => hasher.close());
    const done: string[] = [];
    const ask = (name: string, isStranger: boolean) =>
      hasher.hash('x', { isStranger }).then(
        () => done.push(name),
        (error: unknown) => {
          assert.ok(error instanceof ServerOverloaded);
          return done.push(`not ${name}`);
        },
      );
    // One runs, two wait, and the fourth is refused.
    const asked = ['a', 'b', 'c', 'd'].map((name) => ask(name, true));
    assert.throws(() => hasher.assertRoom?.({ isStranger: true }), ServerOverloaded);
    hasher.assertRoom?.();
    asked.push(ask('known 1', false), ask('known 2', false));
    assert.throws(() => hasher.assertRoom?.(), ServerOverloaded);
    asked.push(ask('known 3', false));
    await Promise.all(asked);
    hasher.assertRoom?.({ isStranger: true });
    assert.deepEqual(done, ['not d', 'not known 3', 'a', 'known 1', 'known 2', 'b', 'c']);
  });

  test('is bounded, and says when to try again', async (t) => {
    const hasher = createPasswordHasher({ ...cheap, threads: 1, maxQueue: 2 });
    t.after(() => hasher.close());
    const accepted = [hasher.hash('1'), hasher.hash('2'), hasher.hash('3')];
    await assert.rejects(hasher.hash('4'), (error) => {
      assert.ok(error instanceof ServerOverloaded);
      assert.ok(Number.isInteger(error.retryAfter) && error.retryAfter >= 1);
      return true;
    });
    await assert.rejects(hasher.verify(null, '5'), ServerOverloaded);
    await Promise.all(accepted);
    await hasher.hash('there is room again');
  });

  test('asks for a longer wait if jobs take longer or more of them wait', async (t) => {
    let time = 0;
    const clock = { now: () => (time += 8_000) };
    const hasher = createPasswordHasher({ ...cheap, threads: 1, maxQueue: 3, clock });
    t.after(() => hasher.close());
    await hasher.hash('x');
    const accepted = ['1', '2', '3', '4'].map((password) => hasher.hash(password));
    // 25 ms were assumed; an eighth of what was seen more is added: about a second for each of four.
    await assert.rejects(hasher.hash('5'), { retryAfter: 5 });
    await Promise.all(accepted);
  });

  test('is served in order', async (t) => {
    const hasher = createPasswordHasher({ ...cheap, threads: 1 });
    t.after(() => hasher.close());
    const done: number[] = [];
    await Promise.all(
      Array.from({ length: 12 }, (_, at) => hasher.hash(`${at}`).then(() => done.push(at))),
    );
    assert.deepEqual(
      done,
      Array.from({ length: 12 }, (_, at) => at),
    );
  });
});

suite('close', () => {
  test('finishes running jobs, refuses waiting and new ones, and ends the workers', async () => {
    const hasher = createPasswordHasher({ ...cheap, threads: 1 });
    const started = new Promise<Worker>((resolve) => process.once('worker', resolve));
    const running = hasher.hash('x');
    const waiting = assert.rejects(hasher.hash('y'), ServerOverloaded);
    const worker = await started;
    const ended = new Promise((resolve) => worker.once('exit', resolve));

    const closed = hasher.close();
    await assert.rejects(hasher.hash('z'), ServerOverloaded);
    assert.match(await running, /^\$argon2id\$/);
    await waiting;
    await closed;
    await ended;
    await hasher.close();
  });

  test('does nothing if no worker was started', async () => {
    await createPasswordHasher().close();
  });
});
