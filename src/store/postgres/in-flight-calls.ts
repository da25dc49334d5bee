import { StoreUnavailable } from '../../kernel/errors.ts';

/** The calls under way: none begins after the end was announced, and the end waits for all. */
export class InFlightCalls {
  readonly #pending = new Set<Promise<unknown>>();
  #closed = false;
  #lastInTurn: Promise<unknown> = Promise.resolve();

  /** @throws {StoreUnavailable} after close */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      const problem = 'The database is closed. Start the server again.';
      return Promise.reject(new StoreUnavailable(problem));
    }
    const call = work();
    const settled = call.then(
      () => {},
      () => {},
    );
    this.#pending.add(settled);
    settled.then(() => this.#pending.delete(settled));
    return call;
  }

  /** Runs one after another, in the order in which they were asked for. */
  runInTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.run(() => {
      const call = this.#lastInTurn.then(work);
      this.#lastInTurn = call.catch(() => {});
      return call;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#pending);
  }
}
