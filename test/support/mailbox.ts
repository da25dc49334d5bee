import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail as it arrived. */
export interface ArrivedMail {
  readonly parsed: ParsedMail;
  readonly to: readonly string[];
  readonly text: string;
  readonly html: string;
  /** The first address in the text. */
  readonly link: string;
  /** What stands alone on a line of the text in the form of a code. */
  readonly code: string;
}

/** A mail server on this machine, which keeps what arrives. */
export interface Mailbox {
  /** For `LATCHKEY_MAIL_URL`. */
  readonly url: string;
  readonly port: number;
  readonly mails: readonly ArrivedMail[];
  /** Waits for the next mail that was not taken yet. */
  next(): Promise<ArrivedMail>;
  close(): Promise<void>;
}

const WAIT_MS = 10_000;

/** Starts a mail server. @param options such as one that refuses */
export async function startMailbox(
  options: SMTPServerOptions & { port?: number } = {},
): Promise<Mailbox> {
  const mails: ArrivedMail[] = [];
  let taken = 0;
  let notify = () => {};
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    async onData(stream, _session, done) {
      try {
        mails.push(readMail(await simpleParser(stream)));
        done();
        notify();
      } catch (error) {
        done(error as Error);
      }
    },
    ...options,
  });
  // A client that dies while it sends is what some tests are about.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    mails,
    async next() {
      const deadline = Date.now() + WAIT_MS;
      while (mails.length <= taken) {
        const left = deadline - Date.now();
        assert.ok(left > 0, 'no mail arrived');
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          notify = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const mail = mails[taken];
      taken += 1;
      assert.ok(mail);
      return mail;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function readMail(parsed: ParsedMail): ArrivedMail {
  const { text = '', html } = parsed;
  const addresses = [parsed.to].flat().filter((it): it is AddressObject => it !== undefined);
  return {
    parsed,
    to: addresses.flatMap(({ value }) => value.map(({ address = '' }) => address)),
    text,
    html: html || '',
    link: /^https?:\/\/\S+$/m.exec(text)?.[0] ?? '',
    code: /^(?:[0-9A-Z]{4}-[0-9A-Z]{4}|\d{6})$/m.exec(text)?.[0] ?? '',
  };
}
