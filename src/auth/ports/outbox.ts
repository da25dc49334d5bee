import type { MailPurpose } from '../mail/mail-purposes.ts';
import type { Fence } from './node-state.ts';

/**
 * A mail in the outbox. It has neither the link nor the code: they are derived from the one-time secret when the mail is
 * sent. Times are ms since the epoch.
 */
export interface MailRecord {
  /** UUIDv7. Part of the `Message-ID`. */
  readonly id: string;
  readonly purpose: MailPurpose;
  /**
   * The address, normalised. Whether an account has it is found out when the mail is sent. Null: the mail was
   * sent, or no account has the address.
   */
  readonly recipient: string | null;
  /** The language of its texts, such as `en`. */
  readonly language: string;
  /** The id that its one-time secret has or will have; null: it has none. */
  readonly secretId: string | null;
  /** What else its text or its audit event says, as JSON, or null. Never secret. */
  readonly data: string | null;
  /** Stands for recipient, purpose and asker, to count mails; null: the mail is not limited. */
  readonly bucket: string | null;
  /** Stands for the asker; null: the asker is not limited. */
  readonly asker: string | null;
  readonly createdAt: number;
  /** How often it was tried. */
  readonly attempts: number;
  /** From when it may be sent; null: it was sent, or given up. */
  readonly nextAttemptAt: number | null;
  /** Why the last attempt failed; null: none failed, or it was sent. */
  readonly problem: string | null;
  /** When the row is removed; null: not before the mail was sent or given up. */
  readonly keepUntil: number | null;
}

/** How many mails may be asked for. */
export interface MailLimits {
  /** The shortest time between two mails of a bucket. */
  readonly intervalMs: number;
  /** Mails of a bucket in a day. */
  readonly perDay: number;
  /** Mails of an asker in an hour. */
  readonly perAskerAndHour: number;
}

/** How an attempt to send a mail ended. */
export type MailOutcome =
  | { readonly kind: 'done'; readonly keepUntil: number }
  | { readonly kind: 'again'; readonly problem: string; readonly nextAttemptAt: number }
  | { readonly kind: 'given up'; readonly problem: string; readonly keepUntil: number };

/** The verbs for the outbox. Other verbs insert mails in the transaction of what they announce. */
export interface OutboxStore {
  /** Inserts a mail unless one of the limits is reached. Of many at the same time, no more than the limits pass. */
  queueMail(args: { mail: MailRecord; limits: MailLimits }): Promise<{
    status: 'queued' | 'limited';
  }>;

  /** Finds mails that may be sent now, those that wait longest first. */
  findDueMails(args: { now: number; limit: number }): Promise<MailRecord[]>;

  /**
   * Counts an attempt, and keeps all others from the mail until `nextAttemptAt`. So a mail is sent twice only if
   * its sender died meanwhile.
   * @returns undefined if the lease was lost, or if another attempt has begun
   */
  claimMail(args: {
    fence: Fence;
    id: string;
    now: number;
    nextAttemptAt: number;
  }): Promise<MailRecord | undefined>;

  /** Stores how an attempt ended, unless another attempt has begun since. A mail that is done loses its recipient. */
  finishMail(args: { id: string; attempts: number; outcome: MailOutcome }): Promise<void>;

  /** Lists mails that are not done, in the order of their ids. `after` is the last id of the previous page. */
  listMails(args: { after: string | null; limit: number }): Promise<MailRecord[]>;

  /** Lets mails that failed be sent now. @param args `ids`: which of them; null: all @returns how many */
  retryMails(args: { ids: readonly string[] | null; now: number }): Promise<{ count: number }>;
}
