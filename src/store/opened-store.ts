import type { Notice, Store } from '../auth/ports/store.ts';

/** A store, and what the operator should read about its opening. */
export interface OpenedStore extends Store {
  readonly notices: readonly Notice[];
}
