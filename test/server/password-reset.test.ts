import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { type ArrivedMail, startMailbox } from '../support/mailbox.ts';
import { assertProblem } from '../support/refusals.ts';
import { ISSUER, internalsOf, PASSWORD, startHost, startServer } from '../support/server.ts';

const NEXT = 'battery staple';
const mailbox = await startMailbox();
after(() => mailbox.close());
const server = await startServer({
  mailUrl: mailbox.url,
  mailFrom: 'Example, Inc <hello@example.com>',
  appName: 'Example',
  fields: { plan: { type: 'string' } },
});
const { send, clock } = server;

/** Opens the next mail. */
function nextMail(): Promise<ArrivedMail> {
  internalsOf(server.app).sendMails();
  return mailbox.next();
}

let users = 0;
async function signUp(more: object = {}) {
  const email = `user${users++}@example.com`;
  const json = { email, password: PASSWORD, ...more };
  const { body, status, text } = await send('/auth/register', { json });
  assert.equal(status, 201, text);
  return { id: String(body['user'].id), email, token: String(body['access_token']) };
}

async function forgot(email: string, headers = {}): Promise<string> {
  const answer = await send('/auth/password/forgot', { json: { email }, headers });
  assert.equal(answer.status, 202, answer.text);
  return String(answer.body['request']);
}

/** Registers, forgets the password, and opens the mail. */
async function forgetful(more?: object) {
  const user = await signUp(more);
  const request = await forgot(user.email);
  const mail = await nextMail();
  assert.deepEqual(mail.to, [user.email]);
  return { ...user, request, mail, code: mail.code, token: tokenOf(mail), session: user.token };
}

function tokenOf({ link }: ArrivedMail): string {
  return new URL(link).searchParams.get('token') ?? '';
}

const signIn = (email: string, password: string) =>
  send('/auth/login', { json: { email, password } });
const reset = (json: object) => send('/auth/password/reset', { json });

suite('a forgotten password', () => {
  test('is reset with the link of the mail, which ends all sessions and is announced', async () => {
    const { email, mail, token, session } = await forgetful();
    assert.ok(mail.link.startsWith(`${ISSUER}/reset?token=lko_reset_`), mail.link);
    assert.equal((await reset({ token, new_password: NEXT })).status, 204);
    assert.equal((await send('/auth/me', { token: session })).status, 401);
    assert.equal((await signIn(email, PASSWORD)).status, 401);
    assert.equal((await signIn(email, NEXT)).status, 200);
    const notice = await nextMail();
    assert.match(notice.parsed.subject ?? '', /was reset/);
    assert.deepEqual([notice.to, notice.link, notice.code], [[email], '', '']);
    const again = await reset({ token, new_password: NEXT });
    assertProblem(again, 401);
    assert.equal(again.body['code'], 'one_time_secret_refused');
  });

  test('is reset with the code, as people type it, and only with the request that asked', async () => {
    const jane = await forgetful();
    const other = await forgetful();
    const { code, request } = jane;
    assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    for (const wrong of [
      { request: other.request, code },
      { request: '01890000-0000-7000-8000-000000000000', code },
      { request, code: other.code },
    ]) {
      assertProblem(await reset({ ...wrong, new_password: NEXT }), 401);
    }
    const typed = ` ${code.toLowerCase().replace('-', ' ')} `;
    const answer = await reset({ request, code: typed, new_password: NEXT });
    assert.equal(answer.status, 204, answer.text);
    await nextMail();
    assertProblem(await reset({ token: jane.token, new_password: NEXT }), 401);
  });

  test('five wrong codes end the code and not the link', async () => {
    const { code, request, token } = await forgetful();
    const wrong = code.startsWith('0') ? code.replace('0', '1') : `0${code.slice(1)}`;
    for (let tries = 0; tries < 5; tries++) {
      assertProblem(await reset({ request, code: wrong, new_password: NEXT }), 401);
    }
    assertProblem(await reset({ request, code, new_password: NEXT }), 401);
    assert.equal((await reset({ token, new_password: NEXT })).status, 204);
    await nextMail();
  });

  test('a code lives for 10 minutes after it was sent, and a link for 30', async () => {
    const { code, request, token, email } = await forgetful();
    clock.step(600);
    assertProblem(await reset({ request, code, new_password: NEXT }), 401);
    clock.step(1199);
    const page = await send(`/reset?token=${token}`);
    assert.match(page.text, /Choose a new password/);
    clock.step(1);
    assertProblem(await reset({ token, new_password: NEXT }), 401);
    assert.match((await send(`/reset?token=${token}`)).text, /not valid/);
    assert.equal((await signIn(email, PASSWORD)).status, 200);
  });

  test('a password that is refused leaves the link as it was', async () => {
    const { token, request, code } = await forgetful();
    for (const weak of ['short', 'password123', 'the user name', 'my example']) {
      assertProblem(await reset({ token, new_password: weak }), 400);
    }
    // These need no user to be refused, so no code was compared.
    for (let tries = 0; tries < 6; tries++) {
      assertProblem(await reset({ request, code, new_password: 'password123' }), 400);
    }
    assertProblem(await reset({ token, request, code, new_password: NEXT }), 400);
    assertProblem(await reset({ token, new_password: NEXT, roles: ['admin'] }), 400);
    assert.equal((await reset({ request, code, new_password: NEXT })).status, 204);
    await nextMail();
  });

  test('of 50 parallel uses one succeeds', async () => {
    const { token } = await forgetful();
    const uses = Array.from({ length: 50 }, (_, n) =>
      reset({ token, new_password: `${NEXT} ${n}` }),
    );
    const statuses = (await Promise.all(uses)).map(({ status }) => status);
    assert.equal(statuses.filter((it) => it === 204).length, 1);
    assert.ok(
      statuses.every((it) => [204, 401, 503].includes(it)),
      String(statuses),
    );
    await nextMail();
  });

  test('removes what another person may have set, unless the address was proven before', async () => {
    const first = await forgetful({ name: 'Thief', plan: 'pro' });
    await reset({ token: first.token, new_password: NEXT });
    await nextMail();
    const { body } = await signIn(first.email, NEXT);
    const token = String(body['access_token']);
    const me = await send('/auth/me', { token });
    assert.deepEqual([me.body['name'], me.body['plan']], [null, undefined]);

    await server.app.latchkey.users.setRoles(first.id, ['editor']);
    clock.step(61);
    await forgot(first.email);
    const again = await nextMail();
    assert.equal((await reset({ token: tokenOf(again), new_password: PASSWORD })).status, 204);
    await nextMail();
    const user = await server.app.latchkey.users.find({ id: first.id });
    assert.deepEqual([user?.roles, user?.emailVerifiedAt], [['editor'], user?.emailVerifiedAt]);
    assert.ok((user?.emailVerifiedAt ?? 0) < clock.ms);
  });

  test('the new one must differ where an operator required a change', async () => {
    const { id, email, token } = await forgetful();
    await server.app.latchkey.users.requirePasswordChange(id);
    const same = await reset({ token, new_password: PASSWORD });
    assert.equal(same.body['errors'][0].code, 'password_unchanged');
    assert.equal((await reset({ token, new_password: NEXT })).status, 204);
    await nextMail();
    assert.equal((await signIn(email, NEXT)).status, 200);
  });

  test('no one-time value is accepted for another purpose, and none is used up by it', async () => {
    const { id, email, token, request, code } = await forgetful();
    assertProblem(
      await send('/auth/password', { json: { challenge: token, new_password: NEXT } }),
      401,
    );
    for (const wrong of [
      token.replace('lko_reset_', 'lko_verify_'),
      token.replace('lko_reset_', 'lko_link_'),
      `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`,
      code,
      request,
    ]) {
      assertProblem(await reset({ token: wrong, new_password: NEXT }), 401);
    }
    assert.equal((await reset({ token, new_password: NEXT })).status, 204);
    await nextMail();

    await server.app.latchkey.users.requirePasswordChange(id);
    const { body } = await signIn(email, NEXT);
    const challenge = String(body['challenge']);
    assertProblem(await reset({ token: challenge, new_password: PASSWORD }), 401);
    const done = await send('/auth/password', { json: { challenge, new_password: PASSWORD } });
    assert.equal(done.status, 200, done.text);
  });
});

suite('who has an account', () => {
  test('is told neither by the answer nor by its headers', async () => {
    const { email } = await signUp();
    const disabled = await signUp();
    await server.app.latchkey.users.disable(disabled.id);
    const answers = [];
    for (const address of [email, disabled.email, 'stranger@example.com', email]) {
      answers.push(await send('/auth/password/forgot', { json: { email: address } }));
    }
    const shown = answers.map(({ status, text, headers }) => {
      const { date: _, ...rest } = Object.fromEntries(headers);
      return { status, text: text.replace(/[0-9a-f]/g, 'x'), rest };
    });
    for (const one of shown) assert.deepEqual(one, shown[0]);
    assert.equal(shown[0]?.status, 202);
    const mail = await nextMail();
    assert.deepEqual(mail.to, [email]);
  });

  test('is what only the owner learns: the stored address gets the mail', async () => {
    const { email } = await signUp();
    // Full-width letters are another mailbox at some providers, and the same account here.
    await forgot(` ${email.replace('user', 'ｕｓｅｒ')} `);
    assert.deepEqual((await nextMail()).to, [email]);
  });

  test('a request that is not valid is refused, for every address alike', async () => {
    for (const json of [
      {},
      { email: 'jane' },
      { email: null },
      { email: ['a@b.example'] },
      { email: 'a@b.example', to: 'x' },
      [],
    ]) {
      assertProblem(await send('/auth/password/forgot', { json }), 400);
    }
    assertProblem(await send('/auth/password/forgot', { form: { email: 'a@b.example' } }), 415);
  });
});

suite('the mail', () => {
  test('has a text and an HTML part, no remote content, and headers that keep robots quiet', async () => {
    const jane = await signUp();
    await forgot(jane.email, {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'accept-language': 'de-CH, en;q=0.5',
    });
    const { parsed, text, html, link, code } = await nextMail();
    assert.equal(parsed.subject, 'Reset your password for Example');
    assert.deepEqual(parsed.from?.value, [{ address: 'hello@example.com', name: 'Example, Inc' }]);
    assert.equal(parsed.headers.get('auto-submitted'), 'auto-generated');
    assert.match(parsed.messageId ?? '', /^<[0-9a-f-]{36}@auth\.example>$/);
    assert.ok(text.includes(`\n\n${code}\n\n`), 'the code stands alone');
    assert.ok(link.startsWith(`${ISSUER}/`));
    assert.ok(html.includes(link) && html.includes(code));
    assert.match(html, /<html lang="en">/);
    assert.match(html, /color-scheme" content="light dark"/);
    assert.doesNotMatch(html, /<(img|script|iframe|link|object)|src=|url\(|evil/i);
    const addresses = html.match(/https?:\/\/[^"<\s]+/g) ?? [];
    assert.deepEqual([...new Set(addresses)], [link]);
  });

  test('is sent once a minute and eight times a day', async () => {
    const { email } = await signUp();
    const before = mailbox.mails.length;
    const requests = new Set<string>();
    for (let n = 0; n < 10; n++) {
      requests.add(await forgot(email));
      requests.add(await forgot(email));
      if (n < 8) await nextMail();
      clock.step(1801);
    }
    assert.equal(requests.size, 20, 'a limit does not show');
    clock.step(86_400);
    await forgot(email);
    await nextMail();
    assert.equal(mailbox.mails.length - before, 9);
  });
});

suite('the pages', () => {
  test('change nothing when they are opened, by whatever method', async () => {
    const { token, email, mail } = await forgetful();
    const { pathname, search } = new URL(mail.link);
    for (let n = 0; n < 3; n++) {
      const page = await send(pathname + search);
      assert.equal(page.status, 200);
      assert.equal((await send(pathname + search, { method: 'HEAD' })).status, 200);
      assert.ok([400, 401].includes((await send(pathname + search, { method: 'POST' })).status));
    }
    assert.equal((await signIn(email, PASSWORD)).status, 200);
    assert.equal((await reset({ token, new_password: NEXT })).status, 204);
    await nextMail();
  });

  test('choose a new password by a form, without a script', async () => {
    const { mail, email, token } = await forgetful();
    const { pathname, search } = new URL(mail.link);
    const page = await send(pathname + search);
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self';/);
    assert.equal(page.headers.get('cache-control'), 'no-store');
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    assert.doesNotMatch(page.text, /<script|<img|https?:/);
    assert.ok(page.text.includes('u•••@example.com') && !page.text.includes(email));
    const field = /name="token" value="([^"]+)"/.exec(page.text)?.[1];
    assert.equal(field, token);

    const weak = await send('/reset', { form: { token, new_password: 'password123' } });
    assert.equal(weak.status, 400);
    assert.match(weak.text, /role="alert"[\s\S]*common password[\s\S]*name="token"/);
    const done = await send('/reset', { form: { token, new_password: NEXT } });
    assert.deepEqual([done.status, done.headers.get('location')], [303, 'reset?done']);
    assert.match((await send('/reset?done')).text, /was changed/);
    assert.equal((await signIn(email, NEXT)).status, 200);
    await nextMail();
    const again = await send('/reset', { form: { token, new_password: NEXT } });
    assert.equal(again.status, 401);
    assert.match(again.text, /not valid/);
  });

  test('ask for the mail and take its code', async () => {
    const { email } = await signUp();
    assert.match((await send('/forgot')).text, /name="email"/);
    assert.equal((await send('/forgot', { form: { email: 'nonsense' } })).status, 400);
    const asked = await send('/forgot', { form: { email } });
    assert.equal(asked.status, 303);
    const location = asked.headers.get('location') ?? '';
    const page = await send(`/${location}`);
    const request = /name="request" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const { code } = await nextMail();
    const wrong = await send('/reset', {
      form: { request, code: '0000-0000', new_password: NEXT },
    });
    assert.equal(wrong.status, 401);
    assert.match(wrong.text, /role="alert"[\s\S]*name="code"/);
    const done = await send('/reset', { form: { request, code, new_password: NEXT } });
    assert.equal(done.status, 303, done.text);
    await nextMail();
    assert.equal((await signIn(email, NEXT)).status, 200);
  });

  test('write what was sent as text', async () => {
    const script = '"><script>alert(1)</script>';
    for (const path of [
      `/reset?token=${encodeURIComponent(script)}`,
      `/forgot?request=${encodeURIComponent(script)}`,
    ]) {
      assert.doesNotMatch((await send(path)).text, /<script/);
    }
    const posted = await send('/reset', {
      form: { request: script, code: script, new_password: script },
    });
    assert.doesNotMatch(posted.text, /<script/);
  });

  test('are those of a host only if it wants them, and links lead where it says', async () => {
    const options = { mailUrl: mailbox.url, mailFrom: 'hello@example.com' };
    await assert.rejects(
      startHost(options, () => {}),
      /links: mails have a link/,
    );
    const links = { reset: 'https://app.example.com/#/reset/{token}' };
    const host = await startHost({ ...options, links }, () => {});
    assert.equal((await host.send('/reset')).status, 404);
    await host.register('jane', { email: 'jane@example.com' });
    const json = { email: 'jane@example.com' };
    assert.equal((await host.send('/auth/password/forgot', { json })).status, 202);
    internalsOf(host.app).sendMails();
    assert.match((await mailbox.next()).link, /^https:\/\/app\.example\.com\/#\/reset\/lko_reset_/);
    const pages = await startHost({ ...options, pages: true }, () => {});
    assert.equal((await pages.send('/reset')).status, 200);
    await host.close();
    await pages.close();
  });

  test('answer only to names of this machine under an issuer on it', async () => {
    const local = await startServer({ issuer: 'http://127.0.0.1:8000' });
    assert.equal((await local.send('/reset')).status, 200);
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      request(`${local.url}/reset`, { headers: { host: 'rebound.example' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    assert.equal(status, 421);
    await local.close();
  });
});

suite('without a mail server', () => {
  test('asking for a mail says so', async () => {
    const plain = await startServer();
    const answer = await plain.send('/auth/password/forgot', { json: { email: 'a@b.example' } });
    assertProblem(answer, 503);
    assert.equal(answer.body['code'], 'mail_unavailable');
    await plain.close();
  });

  test('a function of the host sends mails, with texts of its own', async () => {
    const sent: string[] = [];
    let arrived = () => {};
    const once = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const host = await startHost(
      {
        pages: true,
        sendMail(mail) {
          sent.push(`${mail.to.address} ${mail.subject} ${mail.text}`);
          arrived();
        },
        mails: {
          resetPassword: ({ code, codeMinutes, appName }) => ({
            subject: `${appName}: new password`,
            text: `${codeMinutes}\n${code}`,
            html: code,
          }),
        },
      },
      () => {},
    );
    await host.register('jane', { email: 'jane@example.com' });
    await host.send('/auth/password/forgot', { json: { email: 'jane@example.com' } });
    await once;
    assert.match(sent[0] ?? '', /^jane@example\.com Latchkey: new password 10\n\w{4}-\w{4}$/);
    await host.close();
  });
});
