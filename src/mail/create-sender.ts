import type { SendMail } from '../auth/mail/message.ts';
import type { MailSender } from '../auth/ports/mail-sender.ts';
import { MailNotSent } from '../kernel/errors.ts';
import { FunctionSender } from './function-sender.ts';
import { SmtpSender, type SmtpServer } from './smtp-sender.ts';

/** Who carries the mails; one of them. */
export interface MailCarrier {
  readonly server?: SmtpServer | undefined;
  readonly sendMail?: SendMail | undefined;
  /** How long one mail may take, in ms. */
  readonly limitMs: number;
}

/** Makes what sends mails, and gives up on a mail that takes too long. @returns undefined if there is neither */
export function createMailSender({
  server,
  sendMail,
  limitMs,
}: MailCarrier): MailSender | undefined {
  const sender = findSender(server, sendMail);
  if (sender === undefined) return undefined;
  return {
    async send(message) {
      let cancel = () => {};
      const limit = new Promise<never>((_, reject) => {
        const timer = setTimeout(() => {
          reject(new MailNotSent(`The mail took longer than ${limitMs / 1000} s to hand over.`));
        }, limitMs);
        cancel = () => clearTimeout(timer);
      });
      try {
        await Promise.race([sender.send(message), limit]);
      } finally {
        cancel();
      }
    },
    close: () => sender.close(),
  };
}

function findSender(
  server: SmtpServer | undefined,
  sendMail: SendMail | undefined,
): MailSender | undefined {
  if (server !== undefined) return new SmtpSender(server);
  return sendMail === undefined ? undefined : new FunctionSender(sendMail);
}
