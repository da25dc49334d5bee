/** What a statement may carry and a row may hold, in every database. */
export type Value = string | number | null;

/** One statement for the driver to run: its text and the values for its parameters, in order. */
export interface Step {
  readonly text: string;
  readonly values: readonly Value[];
}

/** What a statement answers: the rows it selected or returned. */
export type Rows = readonly unknown[];

/**
 * A verb under way: it yields statements and is resumed with their rows. It knows nothing of threads
 * or promises, so one text serves a driver that runs it synchronously (SQLite) and one that awaits
 * every statement (PostgreSQL). The driver runs each verb inside a transaction.
 */
export type Steps<T> = Generator<Step, T, Rows>;

/** Runs a verb to its end with a driver that answers at once. */
export function runSteps<T>(steps: Steps<T>, execute: (step: Step) => Rows): T {
  let next = steps.next();
  while (!next.done) next = steps.next(execute(next.value));
  return next.value;
}

/** Runs a verb to its end with a driver that answers in time. A failed statement fails in the verb. */
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
