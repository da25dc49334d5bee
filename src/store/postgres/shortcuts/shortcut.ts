import type { Store } from '../../../auth/ports/store.ts';
import type { VerbArgs, VerbName } from '../../queries/verb.ts';
import type { Steps } from '../../sql/steps.ts';

/** The case is one for the verb in a transaction; nothing was done. */
export const USE_TRANSACTION = Symbol('long way');

/**
 * Verbs that mostly take one statement, and so one round trip. Each statement is a transaction of its
 * own and sees the database as it was when it began; only a row that it changes or locks it sees as it is.
 */
export type SingleStatements = {
  readonly [K in VerbName]?: (
    args: VerbArgs<K>,
  ) => Steps<Awaited<ReturnType<Store[K]>> | typeof USE_TRANSACTION>;
};
