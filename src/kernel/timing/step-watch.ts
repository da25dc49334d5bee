/** When a step is first reported, and how often from then on. */
const FIRST_REPORT_MS = 3_000;
const NEXT_REPORT_MS = 10_000;

/** One step of work that may have to wait. */
export interface WatchedStep {
  /** What is being done, such as `connecting to the database`: words that fit after "Latchkey is". */
  readonly doing: string;
  /** What the operator may do about it once it was given up; a sentence. */
  readonly advice?: string;
  /** It makes progress, so it may take as long as it needs. */
  readonly isWork?: boolean;
}

export type EnterStep = (step: WatchedStep) => void;

export interface StepWatchOptions {
  /** Told what is being waited for, in a sentence. */
  readonly report: (text: string) => void;
  /** How long one step may take, unless it is work. */
  readonly limitMs: number;
  /** Makes the error for a step that took longer. */
  readonly toError: (text: string) => Error;
}

/**
 * Watches work that goes through steps. A step that takes longer than three seconds is reported, and again
 * every ten seconds; one that takes longer than the limit ends the work.
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

  /** The work goes on to another step. */
  readonly enter: EnterStep = (step) => {
    this.#leave();
    this.#reportLater(step, FIRST_REPORT_MS, 0);
    if (step.isWork === true) return;
    // Keeps the process alive: otherwise a wait for something that never comes would end it without a word.
    this.#limitTimer = setTimeout(() => this.#giveUp(step), this.#options.limitMs);
  };

  /**
   * Runs the work to its end.
   * @throws what the work throws, or what `toError` makes when a step was given up
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
