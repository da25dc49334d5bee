import { printProblem } from './ambient.ts';

/** `Retry-After` of a guard that somebody must set up again: its callers gain nothing by asking often. */
export const WRONG_SET_UP_RETRY_SECONDS = 60;

/** What keeps a guard from its work. */
export interface GuardProblems {
  /** Why there are no keys, where an attempt failed and none ever succeeded. */
  readonly keys: string | undefined;
  /** Why the feed of revocations cannot be had, where time alone will not help. */
  readonly revocations: string | undefined;
}

/**
 * Tells the operator of a guard that nobody listens to (`onStatus`) what is wrong with its options: a
 * guard that refuses every token, or hears of no revocation, must not be silent about it. Each problem is
 * printed once, however often it comes back.
 */
export function createSetUpReport(issuer: string): (problems: GuardProblems) => void {
  const printed = new Set<string>();
  const print = (problem: string, text: string) => {
    if (printed.has(problem)) return;
    printed.add(problem);
    printProblem(`latchkey/guard (${issuer}): ${text}`);
  };
  return ({ keys, revocations }) => {
    if (keys !== undefined) {
      print(
        'keys',
        `${keys} Until the keys of the issuer are there, every request is answered 503. It keeps asking.`,
      );
    }
    if (revocations !== undefined) {
      print(
        'revocations',
        `it hears of no revocations: ${revocations}. Check revocations.credential and revocations.url. It keeps asking.`,
      );
    }
  };
}
