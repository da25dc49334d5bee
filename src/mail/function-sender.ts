import type { MailMessage, SendMail } from '../auth/mail/message.ts';
import type { MailSender } from '../auth/ports/mail-sender.ts';
import { MailNotSent } from '../kernel/errors.ts';

/** Hands mails to a function of the host. */
export class FunctionSender implements MailSender {
  readonly #sendMail: SendMail;

  constructor(sendMail: SendMail) {
    this.#sendMail = sendMail;
  }

  async send(message: MailMessage): Promise<void> {
    try {
      await this.#sendMail(message);
    } catch (error) {
      // The sentence of the error may quote the mail, and this one is stored.
      const { code } = Object(error) as { readonly code?: unknown };
      const shown = typeof code === 'string' && /^[\w.-]{1,40}$/.test(code) ? ` ${code}` : '';
      const name = error instanceof Error ? error.name : typeof error;
      throw new MailNotSent(`sendMail threw an error (${name.slice(0, 40)}${shown}).`);
    }
  }

  close(): void {}
}
