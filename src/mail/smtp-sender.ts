import nodemailer, { type Transporter } from 'nodemailer';
import type { MailMessage } from '../auth/mail/message.ts';
import type { MailSender } from '../auth/ports/mail-sender.ts';
import { isLoopback } from '../kernel/encoding/loopback.ts';
import { MailNotSent } from '../kernel/errors.ts';
import { describeSmtpFailure } from './smtp-failure.ts';

/** A mail server, and how to sign in to it. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** Whether the connection begins with TLS. */
  readonly secure: boolean;
  readonly login: { readonly user: string; readonly password: string } | null;
}

const CONNECT_LIMIT_MS = 10_000;
/** How long the server may be silent. */
const SILENCE_LIMIT_MS = 20_000;

/** Hands mails to a mail server by SMTP. */
export class SmtpSender implements MailSender {
  readonly #transporter: Transporter;

  constructor({ host, port, secure, login }: SmtpServer) {
    const isLocal = isLoopback(host);
    this.#transporter = nodemailer.createTransport({
      host,
      port,
      secure,
      // The attack: a machine between us and the server removes its offer of STARTTLS, and reads the links.
      requireTLS: !secure && !isLocal,
      // A server on this machine rarely has a certificate for such a name.
      ignoreTLS: !secure && isLocal,
      ...(login === null ? {} : { auth: { user: login.user, pass: login.password } }),
      connectionTimeout: CONNECT_LIMIT_MS,
      greetingTimeout: CONNECT_LIMIT_MS,
      socketTimeout: SILENCE_LIMIT_MS,
      // The attack: a text that names a file or an address, which would be read and sent.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send(message: MailMessage): Promise<void> {
    const { from, to, subject, text, html, headers, id } = message;
    try {
      await this.#transporter.sendMail({
        // Objects: a name that looks like a list of addresses is no list.
        ...(from === null ? {} : { from: { ...from } }),
        to: { ...to },
        subject,
        text,
        html,
        headers: { ...headers },
        messageId: `<${id}>`,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
    } catch (error) {
      throw new MailNotSent(describeSmtpFailure(error));
    }
  }

  close(): void {
    this.#transporter.close();
  }
}
