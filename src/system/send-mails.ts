import type { Auth } from '../auth/auth.ts';
import type { Lease } from '../auth/lease.ts';
import type { MailDelivery } from '../auth/mail/mail-delivery.ts';
import type { SendMail } from '../auth/mail/message.ts';
import type { MailServer } from '../config/values/mail.ts';

/**
 * How often to look for mails. Requests do not hasten it: what a mail costs must not show in the time of a response to
 * the one who asked for it.
 */
export const MAIL_INTERVAL_MS = 500;
/** After this time without its holder another node sends. Longer than an attempt takes. */
export const MAIL_TERM_MS = 90_000;

/** What carries mails: one of the two. */
export interface MailCarriers {
  readonly server: MailServer | undefined;
  readonly sendMail: SendMail | undefined;
}

/** Sends what is in the outbox, if no other node does. What does that is loaded with the first mail. */
export class MailJob {
  readonly #auth: Auth;
  readonly #carriers: MailCarriers;
  readonly #lease: Lease;
  #delivery: Promise<MailDelivery | undefined> | undefined;
  #isStopped = false;

  constructor(auth: Auth, carriers: MailCarriers, lease: Lease) {
    this.#auth = auth;
    this.#carriers = carriers;
    this.#lease = lease;
  }

  /**
   * @throws {MailNotSent} why a mail was not sent
   * @throws {StoreUnavailable}
   */
  async run(): Promise<void> {
    if (this.#isStopped || !(await this.#auth.hasDueMail())) return;
    this.#delivery ??= this.#load();
    await (await this.#delivery)?.run();
  }

  /** Makes a run end after the mails that are being sent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    (await this.#delivery)?.stop();
  }

  /** Ends connections, and gives the lease up. */
  async release(): Promise<void> {
    await (await this.#delivery)?.release();
  }

  async #load(): Promise<MailDelivery | undefined> {
    const [{ createMailSender }, { SEND_LIMIT_MS }] = await Promise.all([
      import('../mail/create-sender.ts'),
      import('../auth/mail/mail-delivery.ts'),
    ]);
    const sender = createMailSender({ ...this.#carriers, limitMs: SEND_LIMIT_MS });
    return sender && this.#auth.loadMailDelivery(sender, this.#lease);
  }
}
