import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import type { MailMessage } from '../../src/auth/mail/message.ts';
import { MailNotSent } from '../../src/kernel/errors.ts';
import { createMailSender } from '../../src/mail/create-sender.ts';
import { startMailbox } from '../support/mailbox.ts';

const LINK = 'https://auth.example/reset?token=lko_reset_secret';

function aMessage(fields: Partial<MailMessage> = {}): MailMessage {
  return {
    id: '0198f6d2-8a51-7c3e-b0f4-0242ac120002@auth.example',
    purpose: 'resetPassword',
    language: 'en',
    from: { name: 'Example, <evil@example.org>', address: 'hello@example.com' },
    to: { name: '', address: 'jane@example.com' },
    subject: 'Hello',
    text: `${LINK}\n`,
    html: `<a href="${LINK}">link</a>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
    ...fields,
  };
}

function openSender(port: number, limitMs = 5_000, host = '127.0.0.1') {
  const sender = createMailSender({ server: { host, port, secure: false, login: null }, limitMs });
  assert.ok(sender);
  return sender;
}

/** A server that does with its connections as it likes. */
async function startServer(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** @returns why the mail was not sent, as it is stored */
async function failureOf(port: number, limitMs?: number, host?: string): Promise<string> {
  const sender = openSender(port, limitMs, host);
  let reason = '';
  await assert.rejects(sender.send(aMessage()), (error) => {
    assert.ok(error instanceof MailNotSent);
    reason = error.message;
    return true;
  });
  sender.close();
  return reason;
}

suite('a mail server', () => {
  test('gets the mail with the addresses as they are, and one Message-ID', async () => {
    const mailbox = await startMailbox();
    const sender = openSender(mailbox.port);
    await sender.send(aMessage());
    await sender.send(aMessage());
    const [first, second] = [await mailbox.next(), await mailbox.next()];
    assert.deepEqual(first.parsed.from?.value, [
      { name: 'Example, <evil@example.org>', address: 'hello@example.com' },
    ]);
    assert.equal(first.parsed.messageId, `<${aMessage().id}>`);
    assert.equal(second.parsed.messageId, first.parsed.messageId);
    assert.equal(first.parsed.headers.get('auto-submitted'), 'auto-generated');
    sender.close();
    await mailbox.close();
  });

  test('that refuses is quoted by its numbers alone, as it may quote the link', async () => {
    const mailbox = await startMailbox({
      onData(stream, _session, done) {
        stream.resume();
        stream.on('end', () => {
          done(Object.assign(new Error(`5.7.1 blocked: ${LINK}`), { responseCode: 554 }));
        });
      },
    });
    const reason = await failureOf(mailbox.port);
    assert.match(reason, /^The mail server did not take the mail \(EMESSAGE 554/);
    assert.doesNotMatch(reason, /token|auth\.example|blocked/);
    await mailbox.close();
    const strict = await startMailbox({
      onRcptTo(_address, _session, done) {
        done(new Error(`no ${LINK}`));
      },
    });
    assert.match(
      await failureOf(strict.port),
      /EENVELOPE 550.* It refuses the sender or the recipient/,
    );
    await strict.close();
  });

  test('that is away, silent, or no mail server is named as such', async () => {
    const away = await startServer(() => {});
    away[Symbol.dispose]();
    assert.match(
      await failureOf(away.port),
      /did not take the mail \(E(SOCKET|CONNECTION|CONNREFUSED)\)/,
    );
    using silent = await startServer(() => {});
    assert.equal(
      await failureOf(silent.port, 100),
      'The mail took longer than 0.1 s to hand over.',
    );
    using garbage = await startServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\n\r\n<a href="x">\r\n');
    });
    assert.match(await failureOf(garbage.port), /did not take the mail \(E[A-Z]+/);
    using broken = await startServer((socket) => {
      socket.write('220 hello\r\n');
      socket.once('data', () => socket.destroy());
    });
    assert.match(await failureOf(broken.port), /did not take the mail \(E[A-Z]+/);
    using slow = await startServer((socket) => {
      socket.write('220-wait\r\n');
      const timer = setInterval(() => socket.write('220-wait\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    assert.match(await failureOf(slow.port, 200), /took longer than 0\.2 s/);
  });

  test('that is not on this machine gets no mail without encryption', async () => {
    const mailbox = await startMailbox();
    // A name that is not known to be of this machine.
    const reason = await failureOf(mailbox.port, 5_000, 'localhost.');
    assert.match(reason, /did not take the mail \(E/);
    assert.deepEqual(mailbox.mails, []);
    await mailbox.close();
  });
});
