import { printProblem } from '../../kernel/process/print-problem.ts';

/**
 * `Retry-After` of a guard that is set up wrongly, in seconds: asking often gains its callers nothing until
 * somebody has corrected it.
 */
export const WRONG_SET_UP_RETRY_SECONDS = 60;

/** Bounds what a server that answers differently each time can make a guard print. */
const MAX_LINES = 10;

/**
 * Tells the operator what is wrong with the options of a guard, on standard error: a guard that refuses every
 * token, or hears of no revocation, must not keep that to itself. Each problem is printed once, however often
 * it comes back.
 */
export class SetUpReport {
  readonly #name: string;
  readonly #isSilent: boolean;
  readonly #told = new Set<string>();

  /** @param isSilent where somebody listens to the status of the guard instead */
  constructor(issuer: string | undefined, isSilent: boolean) {
    this.#name = issuer === undefined ? 'latchkey/guard' : `latchkey/guard (${issuer})`;
    this.#isSilent = isSilent;
  }

  /** @param topic what is printed once; by default this very text */
  tell(text: string, topic = text): void {
    if (this.#isSilent || this.#told.has(topic) || this.#told.size >= MAX_LINES) return;
    this.#told.add(topic);
    printProblem(`${this.#name}: ${text}`);
  }
}
