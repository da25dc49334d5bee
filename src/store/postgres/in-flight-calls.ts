import { storeClosed } from '../call-refusals.ts';

/** Keeps count of the calls in flight: after `close` none begins, and `close` waits for all. */
export class InFlightCalls {
  readonly #inFlight = new Set<Promise<unknown>>();
  #isClosed = false;
  #lastInOrder: Promise<unknown> = Promise.resolve();

  /** @throws {StoreUnavailable} after close */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(storeClosed());
    const call = work();
    const settled = call.then(
      () => {},
      () => {},
    );
    this.#inFlight.add(settled);
    settled.then(() => this.#inFlight.delete(settled));
    return call;
  }

  /** Runs one call after another, in the order in which they come. @throws {StoreUnavailable} after close */
  runInOrder<T>(work: () => Promise<T>): Promise<T> {
    return this.run(() => {
      const call = this.#lastInOrder.then(work);
      this.#lastInOrder = call.catch(() => {});
      return call;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#inFlight);
  }
}
