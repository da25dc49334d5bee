import type { EnterStep, WatchedStep } from '../kernel/timing/step-watch.ts';

/** What may accompany the opening of a store. */
export interface Opening {
  /** Told of each step of the opening. */
  readonly enter?: EnterStep | undefined;
  /** Ends the opening; it then fails with `StoreUnavailable`. */
  readonly signal?: AbortSignal | undefined;
}

export const migrating: WatchedStep = {
  doing: "bringing the database's schema up to date",
  isWork: true,
};

export const awaitingMigration: WatchedStep = {
  doing:
    "waiting for another process that holds the database's migration lock, probably to bring its schema up to date",
  advice:
    'If none does, end the process that keeps the lock, such as a database client with an open transaction, and start again.',
};
