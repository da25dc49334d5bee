import type { MailMessage } from '../mail/message.ts';

/** What carries mails: a mail server, or a function of the host. */
export interface MailSender {
  /**
   * Resolves when the mail was accepted.
   * @throws {MailNotSent}
   */
  send(message: MailMessage): Promise<void>;
  /** Ends its connections. */
  close(): void;
}
