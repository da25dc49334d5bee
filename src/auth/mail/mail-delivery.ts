import { MailNotSent } from '../../kernel/errors.ts';
import type { AuthContext } from '../context.ts';
import type { Lease } from '../lease.ts';
import type { MailSender } from '../ports/mail-sender.ts';
import type { MailOutcome, MailRecord } from '../ports/outbox.ts';
import { prepareMail } from './prepare-mail.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** How long a mail waits after each failed attempt: from 5 seconds to a day. After the last it is given up. */
const RETRY_DELAYS_MS: readonly number[] = [
  5_000,
  15_000,
  45_000,
  2 * MINUTE_MS,
  7 * MINUTE_MS,
  20 * MINUTE_MS,
  60 * MINUTE_MS,
  180 * MINUTE_MS,
  540 * MINUTE_MS,
  DAY_MS,
];

/** The longest time that one attempt takes. */
export const SEND_LIMIT_MS = 60_000;
/** After an attempt whose end was not stored, the mail is sent again. Longer than an attempt takes. */
const CLAIM_MS = SEND_LIMIT_MS + 30_000;
/** Mails that are sent at the same time. */
const PARALLEL_MAILS = 4;
/** How long a row stays after its mail was sent: its bucket counts mails for a day. */
const SENT_KEPT_MS = DAY_MS;
/** How long operators can see a mail that was given up. */
const GIVEN_UP_KEPT_MS = 30 * DAY_MS;

/**
 * Sends what is in the outbox, if no other node does. An attempt is counted before it begins, and under the lease, so
 * that each crash causes one duplicate at most, with the same `Message-ID`.
 */
export class MailDelivery {
  readonly #context: AuthContext;
  readonly #sender: MailSender;
  readonly #lease: Lease;
  readonly #stopped = new AbortController();

  constructor(context: AuthContext, sender: MailSender, lease: Lease) {
    this.#context = context;
    this.#sender = sender;
    this.#lease = lease;
  }

  /**
   * Sends all mails whose time has come.
   * @throws {MailNotSent} why the last mail that failed was not sent. It will be tried again
   * @throws {StoreUnavailable}
   */
  async run(): Promise<void> {
    const { store, clock } = this.#context;
    let failure: unknown;
    while (!this.#stopped.signal.aborted) {
      const due = await store.findDueMails({ now: clock.now(), limit: PARALLEL_MAILS });
      // The lease is renewed for each group, which takes less long than its term.
      if (due.length === 0 || !(await this.#lease.take())) break;
      const results = await Promise.allSettled(due.map(({ id }) => this.#deliver(id)));
      for (const result of results) if (result.status === 'rejected') failure = result.reason;
      if (failure !== undefined && !(failure instanceof MailNotSent)) break;
    }
    if (failure !== undefined) throw failure;
  }

  /** Makes a run end after the mails that are being sent. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Lets another node send, and ends connections. */
  async release(): Promise<void> {
    this.#sender.close();
    await this.#lease.release();
  }

  /** @throws {MailNotSent} */
  async #deliver(id: string): Promise<void> {
    const { store, clock } = this.#context;
    const { fence } = this.#lease;
    if (fence === undefined) return;
    const now = clock.now();
    const mail = await store.claimMail({ fence, id, now, nextAttemptAt: now + CLAIM_MS });
    if (mail === undefined) return;
    const { attempts } = mail;
    try {
      const message = await prepareMail(this.#context, mail);
      if (message !== undefined) await this.#sender.send(message);
    } catch (error) {
      if (!(error instanceof MailNotSent)) throw error;
      const outcome = this.#findOutcome(mail, error.message);
      await store.finishMail({ id, attempts, outcome });
      throw error;
    }
    const keepUntil = mail.createdAt + SENT_KEPT_MS;
    await store.finishMail({ id, attempts, outcome: { kind: 'done', keepUntil } });
  }

  #findOutcome({ id, attempts, purpose }: MailRecord, problem: string): MailOutcome {
    const now = this.#context.clock.now();
    const delay = RETRY_DELAYS_MS[attempts - 1];
    if (delay !== undefined) return { kind: 'again', problem, nextAttemptAt: now + delay };
    this.#context.notify({
      level: 'warning',
      text: `The mail ${id} (${purpose}) was given up after ${attempts} attempts. "latchkey mails list" shows it, and "latchkey mails retry ${id}" sends it again.`,
    });
    return { kind: 'given up', problem, keepUntil: now + GIVEN_UP_KEPT_MS };
  }
}
