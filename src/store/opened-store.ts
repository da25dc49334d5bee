import type { Notice } from '../auth/notice.ts';
import type { Store } from '../auth/ports/store.ts';

/** A store, with what the operator should read about its opening. */
export interface OpenedStore extends Store {
  readonly notices: readonly Notice[];
}
