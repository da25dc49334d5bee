import { StoreUnavailable } from '../kernel/errors.ts';

/** For a call that comes after the store was closed. */
export function storeClosed(): StoreUnavailable {
  return new StoreUnavailable('The database is closed. Start the server again.');
}

/** For a call that comes while too many others wait. */
export function tooManyWaiting(): StoreUnavailable {
  return new StoreUnavailable('Too many callers wait for the database. Try again.');
}

/** For a call that waited in vain. Nothing was done for it. */
export function waitedTooLong(): StoreUnavailable {
  return new StoreUnavailable('The database took too long to answer. Try again.');
}
