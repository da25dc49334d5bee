import type { EnterStep, WatchedStep } from '../kernel/timing/step-watch.ts';

/** Options for opening any store. */
export interface Opening {
  /** Called at each step of the opening. */
  readonly enter?: EnterStep | undefined;
  /** Ends the opening; it then fails with `StoreUnavailable`. */
  readonly signal?: AbortSignal | undefined;
}

/** A step of the opening. */
export const MIGRATING: WatchedStep = {
  doing: "bringing the database's schema up to date",
  isWork: true,
};

/** A step of the opening. */
export const AWAITING_MIGRATION: WatchedStep = {
  doing:
    "waiting for another process that holds the database's migration lock, probably to bring its schema up to date",
  advice:
    'If no process does, end the one that holds the lock, such as a database client with an open transaction, and start again.',
};
