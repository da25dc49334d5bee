import type { AuthContext } from '../context.ts';
import type { MailPurpose } from './mail-purposes.ts';

/** A mail that was not sent yet, or was given up. Times are ms since the epoch. */
export interface WaitingMail {
  readonly id: string;
  readonly purpose: MailPurpose;
  /** The address, normalised. There may be no account that has it. */
  readonly recipient: string;
  readonly createdAt: number;
  /** How often it was tried. */
  readonly attempts: number;
  /** When it is tried again; null: it was given up. */
  readonly nextAttemptAt: number | null;
  /** Why the last attempt failed; null: none did. */
  readonly problem: string | null;
}

/** Shows operators the mails that were not sent, and sends them again. */
export class Outbox {
  readonly #context: Pick<AuthContext, 'store' | 'clock'>;

  constructor(context: Pick<AuthContext, 'store' | 'clock'>) {
    this.#context = context;
  }

  /**
   * Lists mails that wait or were given up, the oldest first.
   * @param page `after`: the id of the last mail of the page before; `limit`: default 100
   * @throws {StoreUnavailable}
   */
  async list({
    after,
    limit = 100,
  }: {
    after?: string;
    limit?: number;
  } = {}): Promise<readonly WaitingMail[]> {
    const found = await this.#context.store.listMails({ after: after ?? null, limit });
    return found.map(({ id, purpose, recipient, createdAt, attempts, nextAttemptAt, problem }) => ({
      id,
      purpose,
      recipient: recipient ?? '',
      createdAt,
      attempts,
      nextAttemptAt,
      problem,
    }));
  }

  /**
   * Has mails that failed sent now, and tried as often as new ones.
   * @param ids which of them; null: all
   * @returns how many
   * @throws {StoreUnavailable}
   */
  async retry(ids: readonly string[] | null): Promise<number> {
    const now = this.#context.clock.now();
    return (await this.#context.store.retryMails({ ids, now })).count;
  }
}
