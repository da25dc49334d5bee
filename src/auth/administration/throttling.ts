import type { ThrottledPage, Throttling } from '../limits/throttled.ts';
import type { Administrator } from './administrator.ts';

/** What administrators do with names at which sign-ins have to wait. */
export class ThrottlingAdministration {
  readonly #throttling: Throttling;

  constructor(throttling: Throttling) {
    this.#throttling = throttling;
  }

  /** Lists the names. @throws {InvalidInput} */
  list(page: unknown): Promise<ThrottledPage> {
    return this.#throttling.listRaw(page);
  }

  /** Ends the wait of one name. @throws {RecordNotFound} */
  release(id: string, { caller }: Administrator): Promise<void> {
    return this.#throttling.release(id, caller);
  }
}
