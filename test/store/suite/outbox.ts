import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MailRecord } from '../../../src/auth/ports/outbox.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { anEvent, aSecret, unique } from '../records.ts';
import { type OpenDatabase, signUp } from './harness.ts';

const now = 1_000_000_000;
const LIMITS = { intervalMs: 60_000, perDay: 3, perAskerAndHour: 5 };
const DAY_MS = 86_400_000;

export function aMail(fields: Partial<MailRecord> = {}): MailRecord {
  return {
    id: unique('mail'),
    purpose: 'resetPassword',
    recipient: `${unique('jane')}@example.com`,
    language: 'en',
    secretId: unique('secret'),
    data: '{"address":null}',
    bucket: unique('bucket'),
    asker: unique('asker'),
    createdAt: now,
    attempts: 0,
    nextAttemptAt: now,
    problem: null,
    keepUntil: null,
    ...fields,
  };
}

async function queue(store: Store, mail: MailRecord): Promise<string> {
  return (await store.queueMail({ mail, limits: LIMITS })).status;
}

/** The lease of a node. */
async function lease(store: Store) {
  const name = unique('lease');
  await store.compareAndSet({ name, expected: '', value: 'one' });
  return { name, value: 'one' };
}

async function find(store: Store, id: string): Promise<MailRecord | undefined> {
  return (await store.listMails({ after: null, limit: 1000 })).find((it) => it.id === id);
}

export function outboxTests(given: () => Store, open: OpenDatabase): void {
  test('a mail is found as it was stored, once its time has come', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const later = aMail({ nextAttemptAt: now + 5 });
    const mail = aMail();
    for (const each of [later, mail]) assert.equal(await queue(store, each), 'queued');
    assert.deepEqual(await store.findDueMails({ now: now - 1, limit: 9 }), []);
    assert.deepEqual(await store.findDueMails({ now, limit: 9 }), [mail]);
    assert.deepEqual(await store.findDueMails({ now: now + 5, limit: 9 }), [mail, later]);
    assert.deepEqual(await store.findDueMails({ now: now + 5, limit: 1 }), [mail]);
  });

  test('of many that ask at the same time, as many pass as the limits allow', async () => {
    const store = given();
    const bucket = unique('bucket');
    const statuses = await Promise.all(
      Array.from({ length: 20 }, () => queue(store, aMail({ bucket }))),
    );
    assert.equal(statuses.filter((it) => it === 'queued').length, 1);
    const asker = unique('asker');
    const asked = await Promise.all(
      Array.from({ length: 20 }, () => queue(store, aMail({ asker }))),
    );
    assert.equal(asked.filter((it) => it === 'queued').length, 5);
  });

  test('the limits are counted to the millisecond, for a bucket and an asker', async () => {
    const store = given();
    const bucket = unique('bucket');
    const at = (ms: number) => queue(store, aMail({ bucket, createdAt: now + ms }));
    assert.equal(await at(0), 'queued');
    assert.equal(await at(59_999), 'limited');
    assert.equal(await at(60_000), 'queued');
    assert.equal(await at(120_000), 'queued');
    assert.equal(await at(DAY_MS - 1), 'limited');
    assert.equal(await at(DAY_MS), 'queued');
    assert.equal(await queue(store, aMail({ bucket: null, asker: null })), 'queued');
  });

  test('an attempt is counted before it begins, under the lease, and once', async () => {
    const store = given();
    const fence = await lease(store);
    const mail = aMail();
    await queue(store, mail);
    const claim = { fence, id: mail.id, now, nextAttemptAt: now + 90 };
    assert.equal(await store.claimMail({ ...claim, fence: { ...fence, value: 'two' } }), undefined);
    assert.equal(await store.claimMail({ ...claim, now: now - 1 }), undefined);
    const claimed = await Promise.all(Array.from({ length: 5 }, () => store.claimMail(claim)));
    assert.deepEqual(
      claimed.filter((it) => it !== undefined),
      [{ ...mail, attempts: 1, nextAttemptAt: now + 90 }],
    );
    const again = await store.claimMail({ ...claim, now: now + 90, nextAttemptAt: now + 180 });
    assert.equal(again?.attempts, 2);
    // The first attempt ends late.
    const keepUntil = now + DAY_MS;
    await store.finishMail({ id: mail.id, attempts: 1, outcome: { kind: 'done', keepUntil } });
    assert.equal((await find(store, mail.id))?.attempts, 2);
    await store.finishMail({ id: mail.id, attempts: 2, outcome: { kind: 'done', keepUntil } });
    assert.equal(await find(store, mail.id), undefined);
    assert.equal(await store.claimMail({ ...claim, now: now + 999 }), undefined);
  });

  test('one that failed waits, is given up, and is sent again when an operator says so', async () => {
    const store = given();
    const fence = await lease(store);
    const mail = aMail();
    await queue(store, mail);
    const { id } = mail;
    await store.claimMail({ fence, id, now, nextAttemptAt: now + 90 });
    const again = { kind: 'again', problem: 'away', nextAttemptAt: now + 5 } as const;
    await store.finishMail({ id, attempts: 1, outcome: again });
    const waiting = { ...mail, attempts: 1, problem: 'away', nextAttemptAt: now + 5 };
    assert.deepEqual(await find(store, id), waiting);
    await store.claimMail({ fence, id, now: now + 5, nextAttemptAt: now + 90 });
    const over = { kind: 'given up', problem: 'away', keepUntil: now + 50 } as const;
    await store.finishMail({ id, attempts: 2, outcome: over });
    const { problem } = over;
    const given2 = { ...mail, attempts: 2, problem, nextAttemptAt: null, keepUntil: now + 50 };
    assert.deepEqual(await find(store, id), given2);
    const fresh = aMail();
    await queue(store, fresh);
    assert.deepEqual(await store.retryMails({ ids: [id, fresh.id, 'x'], now }), { count: 1 });
    assert.equal((await find(store, id))?.nextAttemptAt, now);
    assert.equal((await find(store, id))?.keepUntil, null);
    assert.deepEqual(await store.retryMails({ ids: [], now }), { count: 0 });
  });

  test('what was sent is removed a day later', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const fence = await lease(store);
    const [sent, waiting] = [aMail(), aMail()];
    for (const mail of [sent, waiting]) await queue(store, mail);
    await store.claimMail({ fence, id: sent.id, now, nextAttemptAt: now + 90 });
    const keepUntil = now + 100;
    await store.finishMail({ id: sent.id, attempts: 1, outcome: { kind: 'done', keepUntil } });
    // It still counts.
    assert.equal(await queue(store, aMail({ bucket: sent.bucket })), 'limited');
    assert.deepEqual(await store.purgeExpired({ now: now + 99, limit: 9 }), { removed: 0 });
    assert.deepEqual(await store.purgeExpired({ now: now + 100, limit: 9 }), { removed: 1 });
    assert.deepEqual(await find(store, waiting.id), waiting);
    assert.deepEqual(await store.retryMails({ ids: null, now }), { count: 0 });
  });

  test('a reset proves the address, removes a profile that others may have set, and writes its notice', async () => {
    const store = given();
    const { user } = await signUp(store);
    const emailKey = String(user.emailKey);
    const open2 = aMail({ recipient: emailKey });
    await queue(store, open2);
    const change = async (fields: object, key = emailKey) => {
      const secret = aSecret({ purpose: 'reset', subject: user.id, expiresAt: now + 9 });
      await store.createOneTimeSecret({ secret, bound: null, now });
      const { id, purpose, subject, mac } = secret;
      return store.changePassword({
        userId: user.id,
        verifiedHash: null,
        newHash: 'new',
        keep: null,
        consume: { id, purpose, subject, mac, now },
        proven: { emailKey: key, notice: aMail({ recipient: key, secretId: null }) },
        now,
        issuedUntil: now,
        event: anEvent(),
        ...fields,
      });
    };
    assert.equal((await change({}, 'another@example.com')).found, false);
    const notice = aMail({ recipient: emailKey, secretId: null });
    assert.equal((await change({ proven: { emailKey, notice } })).found, true);
    const changed = await store.findUser({ id: user.id });
    assert.deepEqual(
      [changed?.emailVerifiedAt, changed?.name, changed?.profile, changed?.passwordHash],
      [now, null, {}, 'new'],
    );
    assert.deepEqual(await find(store, notice.id), notice);
    assert.equal(await find(store, open2.id), undefined, 'it would get a new link');
  });
}
