import { printProblem } from '../../kernel/process/print-problem.ts';

/**
 * `Retry-After` of a guard whose set-up is wrong, in seconds. Its callers gain nothing by asking often before the operator
 * has corrected it.
 */
export const WRONG_SET_UP_RETRY_SECONDS = 60;

/** Limits what a guard prints if the server answers differently each time. */
const MAX_LINES = 10;

/**
 * Tells the operator on standard error what is wrong with the options of a guard, because such a guard may refuse every
 * token, or not hear of revocations. Each problem is printed once, no matter how often it occurs.
 */
export class SetUpReport {
  readonly #name: string;
  readonly #isSilent: boolean;
  readonly #told = new Set<string>();

  /** @param isSilent whether to print nothing, because the host follows the status of the guard */
  constructor(issuer: string | undefined, isSilent: boolean) {
    this.#name = issuer === undefined ? 'latchkey/guard' : `latchkey/guard (${issuer})`;
    this.#isSilent = isSilent;
  }

  /** @param topic of several texts with one topic, only the first is printed. Default: the text */
  tell(text: string, topic = text): void {
    if (this.#isSilent || this.#told.has(topic) || this.#told.size >= MAX_LINES) return;
    this.#told.add(topic);
    printProblem(`${this.#name}: ${text}`);
  }
}
