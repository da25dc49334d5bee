/** A value that a statement can bind and a row can hold, in every database. */
export type Value = string | number | null;

/** One statement for the driver to run: its text, and the values of its parameters in order. */
export interface Step {
  readonly text: string;
  readonly values: readonly Value[];
}

/** The rows that a statement selected or returned. */
export type Rows = readonly unknown[];

/**
 * A verb that runs: it yields statements, and is resumed with their rows. It knows neither threads nor promises, so
 * the same code serves a driver that runs it synchronously (SQLite) and one that awaits every statement (PostgreSQL).
 * The driver runs each verb inside a transaction.
 */
export type Steps<T> = Generator<Step, T, Rows>;

/** Runs a verb to its end with a synchronous driver. */
export function runSteps<T>(steps: Steps<T>, execute: (step: Step) => Rows): T {
  let next = steps.next();
  while (!next.done) next = steps.next(execute(next.value));
  return next.value;
}

/** Runs a verb to its end with an asynchronous driver. The verb can catch the failure of a statement. */
export async function awaitSteps<T>(
  steps: Steps<T>,
  execute: (step: Step) => Promise<Rows>,
): Promise<T> {
  let next = steps.next();
  while (!next.done) {
    let rows: Rows;
    try {
      rows = await execute(next.value);
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next(rows);
  }
  return next.value;
}
