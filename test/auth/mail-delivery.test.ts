import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Lease } from '../../src/auth/lease.ts';
import type { MailContent, MailMessage } from '../../src/auth/mail/message.ts';
import type { MailSender } from '../../src/auth/ports/mail-sender.ts';
import type { Store } from '../../src/auth/ports/store.ts';
import { MailNotSent } from '../../src/kernel/errors.ts';
import { systemRandom } from '../../src/kernel/system-random.ts';
import { createTestRandom, openTestAuth, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';
import { signInJane } from './support.ts';

const EMAIL = 'jane@example.com';
const OF_REFUSAL = /refused by the test/;

/** A mail server of the test's making. */
class TestSender implements MailSender {
  readonly sent: MailMessage[] = [];
  /** Called before a mail is taken. */
  before: (message: MailMessage) => Promise<void> | void = () => {};
  async send(message: MailMessage): Promise<void> {
    await this.before(message);
    this.sent.push(message);
  }
  close(): void {}
  refuse(): void {
    this.before = () => {
      throw new MailNotSent('refused by the test');
    };
  }
  accept(): void {
    this.before = () => {};
  }
}

async function openDelivery(real: TestAuth, sender: MailSender) {
  const { store, clock } = real;
  // Two nodes must not have the same name.
  const lease = new Lease({ store, clock, random: systemRandom, name: 'mail', termMs: 90_000 });
  return real.auth.loadMailDelivery(sender, lease);
}

async function forget(real: TestAuth, email = EMAIL): Promise<string> {
  const reset = await real.auth.loadPasswordReset();
  return (await reset.request({ email })).request;
}

function valuesOf({ text }: MailMessage): { token: string; code: string } {
  const [token = ''] = /lko_\S+/.exec(text) ?? [];
  const [code = ''] = /^\w{4}-\w{4}$/m.exec(text) ?? [];
  return { token, code };
}

/** Runs the delivery for so many seconds of the clock. */
async function runFor(
  real: TestAuth,
  delivery: { run(): Promise<void> },
  seconds: number,
  stepSeconds: number,
) {
  for (let passed = 0; passed < seconds; passed += stepSeconds) {
    real.clock.step(stepSeconds);
    await delivery.run().catch((error: unknown) => {
      assert.match(String(error), OF_REFUSAL);
    });
  }
}

suite('a mail that cannot be sent', () => {
  test('is tried again after 5 seconds, then less often, and given up after a day and a half', async () => {
    const notices: string[] = [];
    await using real = await openTestAuth({}, ({ text }) => notices.push(text));
    await signInJane(real);
    const sender = new TestSender();
    const delivery = await openDelivery(real, sender);
    const tries: number[] = [];
    const start = real.clock.ms;
    sender.before = () => {
      tries.push((real.clock.ms - start) / 1000);
      throw new MailNotSent('refused by the test');
    };
    await forget(real);
    await assert.rejects(delivery.run(), OF_REFUSAL);
    await runFor(real, delivery, 200, 1);
    await runFor(real, delivery, 3 * 86_400, 60);
    const gaps = tries.slice(1).map((at, n) => at - (tries[n] ?? 0));
    const expected = [5, 15, 45, 120, 420, 1200, 3600, 10_800, 32_400, 86_400];
    for (const [n, gap] of gaps.entries()) {
      assert.ok(gap >= (expected[n] ?? 0) && gap < (expected[n] ?? 0) + 61, `${n}: ${gap}`);
    }
    assert.equal(tries.length, 11);
    const [mail] = await real.auth.outbox.list();
    assert.deepEqual(
      [mail?.recipient, mail?.attempts, mail?.nextAttemptAt, mail?.problem],
      [EMAIL, 11, null, 'refused by the test'],
    );
    assert.match(notices.join(), /was given up after 11 attempts.*latchkey mails retry/);

    // What an operator sends again has a link that works.
    sender.accept();
    assert.equal(await real.auth.outbox.retry([mail?.id ?? '']), 1);
    await delivery.run();
    const [message] = sender.sent;
    assert.ok(message);
    const reset = await real.auth.loadPasswordReset();
    const { code } = valuesOf(message);
    const request = await forget(real);
    await assert.rejects(reset.reset({ request, code, new_password: 'battery staple' }));
    const { token } = valuesOf(message);
    await reset.reset({ token, new_password: 'battery staple' });
    await runFor(real, delivery, 31 * 86_400, 86_400);
    assert.deepEqual(await real.auth.outbox.list(), []);
  });

  test('has the same link and code while they are fresh, and new ones under the same request afterwards', async () => {
    await using real = await openTestAuth();
    await signInJane(real);
    const sender = new TestSender();
    const delivery = await openDelivery(real, sender);
    const tried: MailMessage[] = [];
    sender.before = (message) => {
      tried.push(message);
      throw new MailNotSent('refused by the test');
    };
    const request = await forget(real);
    await assert.rejects(delivery.run());
    await runFor(real, delivery, 20, 5);
    const [first, second] = tried;
    assert.ok(first && second);
    assert.deepEqual(second, first);
    // The mail server is away for an hour.
    await runFor(real, delivery, 3600, 60);
    sender.accept();
    for (let minutes = 0; sender.sent.length === 0 && minutes < 70; minutes++) {
      await runFor(real, delivery, 60, 60);
    }
    const [last] = sender.sent;
    assert.ok(last);
    assert.equal(last.id, first.id);
    assert.notDeepEqual(valuesOf(last), valuesOf(first));
    const reset = await real.auth.loadPasswordReset();
    await assert.rejects(
      reset.reset({ token: valuesOf(first).token, new_password: 'battery staple' }),
    );
    await reset.reset({ request, code: valuesOf(last).code, new_password: 'battery staple' });
  });

  test('is sent once by two nodes, and twice only if the first died with it', async () => {
    await using real = await openTestAuth();
    await signInJane(real);
    const [one, other] = [new TestSender(), new TestSender()];
    const first = await openDelivery(real, one);
    const second = await openDelivery(await real.another(), other);
    await forget(real);
    await Promise.all([first.run(), second.run()]);
    await Promise.all([second.run(), first.run()]);
    assert.equal(one.sent.length + other.sent.length, 1);

    real.clock.step(61);
    await forget(real);
    // The server takes the mail, and the node dies before it hears of that.
    let died = () => {};
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    one.before = (message) => {
      one.sent.push(message);
      died();
      return new Promise(() => {});
    };
    void first.run();
    await death;
    await second.run();
    const taken = one.sent.at(-1);
    const before = other.sent.length;
    for (let n = 0; n < 10; n++) {
      real.clock.step(30);
      await second.run();
    }
    assert.equal(other.sent.length - before, 1);
    assert.equal(other.sent.at(-1)?.id, taken?.id);
    assert.deepEqual(valuesOf(other.sent.at(-1) as MailMessage), valuesOf(taken as MailMessage));
  });

  test('has none of its link and code in the database, before, during and after', async () => {
    await using real = await openTestAuth();
    const written: string[] = [];
    const watched = watchStore(real.store, (name, args) =>
      written.push(JSON.stringify([name, args])),
    );
    const { createAuth } = await import('../../src/auth/create-auth.ts');
    const { TEST_SETTINGS } = await import('../support/auth.ts');
    const auth = await createAuth({
      settings: TEST_SETTINGS,
      store: watched,
      hasher: real.hasher,
      clock: real.clock,
      random: createTestRandom('another'),
    });
    await signInJane(real);
    const sender = new TestSender();
    sender.refuse();
    const lease = new Lease({
      store: watched,
      clock: real.clock,
      random: systemRandom,
      name: 'mail',
      termMs: 90_000,
    });
    const delivery = await auth.loadMailDelivery(sender, lease);
    const reset = await auth.loadPasswordReset();
    await reset.request({ email: EMAIL });
    await assert.rejects(delivery.run());
    sender.accept();
    real.clock.step(10);
    await delivery.run();
    const [message] = sender.sent;
    assert.ok(message);
    const { token, code } = valuesOf(message);
    const secret = token.slice(-43);
    assert.ok(written.length > 5);
    for (const text of written) {
      assert.ok(!text.includes(secret) && !text.includes(code), text);
      assert.ok(!text.includes(code.replace('-', '')), text);
    }
    assert.ok(!JSON.stringify(await latestEvents(real.store, null, 50)).includes(secret));
  });
});

suite('asking for a mail', () => {
  test('does the same for every address, and asks for no account', async () => {
    await using real = await openTestAuth();
    await signInJane(real);
    const calls: string[] = [];
    const { createAuth } = await import('../../src/auth/create-auth.ts');
    const { TEST_SETTINGS } = await import('../support/auth.ts');
    const store = watchStore(real.store, (name) => calls.push(name));
    const auth = await createAuth({
      settings: TEST_SETTINGS,
      store,
      hasher: real.hasher,
      clock: real.clock,
      random: createTestRandom('x'),
    });
    const reset = await auth.loadPasswordReset();
    calls.length = 0;
    await reset.request({ email: EMAIL });
    await reset.request({ email: 'stranger@example.com' });
    assert.deepEqual(calls, ['queueMail', 'queueMail']);
    assert.equal(real.hasher.verified, 0);
    const rows = await real.auth.outbox.list();
    assert.deepEqual(
      rows.map(({ id: _, recipient: __, ...row }) => row)[0],
      rows.map(({ id: _, recipient: __, ...row }) => row)[1],
    );
  });

  test('sends nothing to those without an account, and records only what concerns one', async () => {
    await using real = await openTestAuth();
    await signInJane(real);
    const sender = new TestSender();
    const delivery = await openDelivery(real, sender);
    await forget(real, 'stranger@example.com');
    await forget(real);
    await delivery.run();
    assert.deepEqual(
      sender.sent.map(({ to }) => to.address),
      [EMAIL],
    );
    const types = (await latestEvents(real.store, null, 10)).map(({ type }) => type);
    assert.equal(types.filter((type) => type === 'password_reset_requested').length, 1);
    assert.deepEqual(await real.auth.outbox.list(), []);
  });

  test('is limited for each network that asks, so a stranger cannot keep the owner from it', async () => {
    await using real = await openTestAuth();
    await signInJane(real);
    const sender = new TestSender();
    const delivery = await openDelivery(real, sender);
    const reset = await real.auth.loadPasswordReset();
    const from = (address: string) => ({
      actor: { kind: 'anonymous', id: null } as const,
      address,
      userAgent: null,
    });
    const ask = async (address: string, email = EMAIL) => {
      await reset.request({ email }, from(address));
      await delivery.run();
      return sender.sent.splice(0).length;
    };
    assert.equal(await ask('203.0.113.7'), 1);
    assert.equal(await ask('203.0.113.7'), 0);
    assert.equal(await ask('198.51.100.1'), 1);
    assert.equal(await ask('2001:db8:0:1::5'), 1);
    assert.equal(await ask('2001:db8:0:1::6'), 0);
    // Three links are open. The owner can use any of them.
    assert.equal(await ask('2001:db8:0:2::6'), 0);
    let passed = 0;
    for (let n = 0; n < 70; n++) {
      await reset.request({ email: `stranger${n}@example.com` }, from('203.0.113.9'));
    }
    passed = (await real.auth.outbox.list({ limit: 1000 })).length;
    assert.equal(passed, 60);
  });

  test('ends with the account, with a new password and with another address', async () => {
    await using real = await openTestAuth();
    const { user } = await signInJane(real);
    const sender = new TestSender();
    const delivery = await openDelivery(real, sender);
    await forget(real);
    await real.auth.users.setPassword(user.id, 'battery staple');
    await delivery.run();
    assert.deepEqual(sender.sent, []);

    real.clock.step(61);
    await forget(real);
    await delivery.run();
    const { token } = valuesOf(sender.sent[0] as unknown as MailMessage);
    const reset = await real.auth.loadPasswordReset();
    assert.deepEqual(await reset.findSubject(token), { maskedEmail: 'j•••@example.com' });
    await real.auth.users.disable(user.id);
    await assert.rejects(reset.reset({ token, new_password: 'battery staples' }));
    await real.auth.users.enable(user.id);
    real.clock.step(61);
    await forget(real);
    await real.auth.users.delete(user.id);
    assert.deepEqual(await real.auth.outbox.list(), []);
    assert.equal(await reset.findSubject(token), undefined);
  });
});

suite('texts of the host', () => {
  test('that fail keep the mail waiting, and what they threw is not stored', async () => {
    const templates = {
      resetPassword: ({ link }: { link: string }) => {
        throw new Error(`no template for ${link}`);
      },
    };
    const mail = {
      isSetUp: true,
      from: null,
      links: { reset: 'https://a.example/{token}' },
      leadsToOwnPages: false,
      templates,
    };
    await using real = await openTestAuth({ mail });
    await signInJane(real);
    const delivery = await openDelivery(real, new TestSender());
    await forget(real);
    await assert.rejects(delivery.run(), /mails\.resetPassword threw an error \(Error\)\./);
    const [waiting] = await real.auth.outbox.list();
    assert.equal(waiting?.problem, 'mails.resetPassword threw an error (Error).');
  });

  test('must be a mail with a subject of one line', async () => {
    for (const content of [
      undefined,
      {},
      { subject: 'a\r\nBcc: x@y.example', text: 'a', html: 'a' },
      { subject: '', text: 'a', html: 'a' },
    ]) {
      const templates = { resetPassword: () => content as unknown as MailContent };
      const mail = {
        isSetUp: true,
        from: null,
        links: { reset: 'https://a.example/{token}' },
        leadsToOwnPages: false,
        templates,
      };
      await using real = await openTestAuth({ mail });
      await signInJane(real);
      const delivery = await openDelivery(real, new TestSender());
      await forget(real);
      await assert.rejects(delivery.run(), /must return \{ subject, text, html \}/);
    }
  });
});

/** A store that reports each call. */
function watchStore(store: Store, onCall: (name: string, args: unknown) => void): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (args: unknown) => {
        onCall(String(name), args);
        return Reflect.apply(value, target, [args]);
      };
    },
  });
}
