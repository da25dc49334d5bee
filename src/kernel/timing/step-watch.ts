/** When a step is reported for the first time, and how often after that. */
const FIRST_REPORT_MS = 3_000;
const NEXT_REPORT_MS = 10_000;

/** A step of some work that may have to wait. */
export interface WatchedStep {
  /** What is being done, such as `connecting to the database`: words that fit after "Latchkey is". */
  readonly doing: string;
  /** A sentence that tells the operator what to do if the step took too long. */
  readonly advice?: string;
  /** Whether the step makes progress, so that it may take as long as it needs. Default false. */
  readonly isWork?: boolean;
}

/** Says that the work begins its next step. */
export type EnterStep = (step: WatchedStep) => void;

/** @see StepWatch */
export interface StepWatchOptions {
  /** Called with a sentence about the step that takes long. */
  readonly report: (text: string) => void;
  /** How long one step may take if it makes no progress. */
  readonly limitMs: number;
  /** Creates the error for a step that took too long. */
  readonly toError: (text: string) => Error;
}

/**
 * Watches work that consists of steps. It reports a step after three seconds, and again every ten seconds. A step that
 * takes longer than the limit ends the work.
 */
export class StepWatch {
  readonly #options: StepWatchOptions;
  readonly #aborting = new AbortController();
  readonly #givenUp = Promise.withResolvers<never>();
  #reportTimer: NodeJS.Timeout | undefined;
  #limitTimer: NodeJS.Timeout | undefined;

  constructor(options: StepWatchOptions) {
    this.#options = options;
  }

  /** Aborted when the work is given up. */
  get signal(): AbortSignal {
    return this.#aborting.signal;
  }

  /** Begins another step. */
  readonly enter: EnterStep = (step) => {
    this.#leave();
    this.#reportLater(step, FIRST_REPORT_MS, 0);
    if (step.isWork === true) return;
    // This timer keeps the process alive: otherwise it would end silently while it waits for what never comes.
    this.#limitTimer = setTimeout(() => this.#giveUp(step), this.#options.limitMs);
  };

  /**
   * Runs the work to its end.
   * @throws what the work throws, or the error of `toError` if a step took too long
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await Promise.race([work(), this.#givenUp.promise]);
    } finally {
      this.#leave();
    }
  }

  #reportLater(step: WatchedStep, delayMs: number, passedMs: number): void {
    this.#reportTimer = setTimeout(() => {
      const takenMs = passedMs + delayMs;
      this.#options.report(
        `Latchkey is ${step.doing}; this has taken ${describeDuration(takenMs)} so far.`,
      );
      this.#reportLater(step, NEXT_REPORT_MS, takenMs);
    }, delayMs).unref();
  }

  #giveUp({ doing, advice }: WatchedStep): void {
    this.#leave();
    const text = `Latchkey gave up ${doing} after ${describeDuration(this.#options.limitMs)}.`;
    this.#givenUp.reject(this.#options.toError(advice === undefined ? text : `${text} ${advice}`));
    this.#aborting.abort();
  }

  #leave(): void {
    clearTimeout(this.#reportTimer);
    clearTimeout(this.#limitTimer);
  }
}

function describeDuration(ms: number): string {
  const seconds = ms / 1_000;
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}
