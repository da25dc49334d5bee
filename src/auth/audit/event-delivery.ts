import type { AuthContext } from '../context.ts';
import type { AuditEvent } from './event.ts';

/** The name in the shared state of the number of the last event that was delivered. */
const CURSOR = 'audit_delivered';
const PAGE_EVENTS = 100;

/** Delivers each audit event to a function of the host, in the order of the chain. */
export class EventDelivery {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /**
   * Finds the number of the first event that is to be delivered; undefined if there is none. On a database that never
   * delivered an event, it leaves out those that are there.
   * @throws {StoreUnavailable}
   */
  async findNext(): Promise<number | undefined> {
    const { cursor, lastSeq, events } = await this.#context.store.readUndelivered({
      cursor: CURSOR,
      limit: 1,
    });
    if (cursor !== null) return events[0]?.seq;
    await this.#advance(lastSeq);
    return undefined;
  }

  /**
   * Delivers events until none is left.
   * @param deliver called with one event at a time
   * @param mayGoOn asked before each event; if it is false, the others are left
   * @throws {StoreUnavailable}
   */
  async deliverAll(
    deliver: (event: AuditEvent) => Promise<void>,
    mayGoOn: () => Promise<boolean>,
  ): Promise<void> {
    for (;;) {
      const { events } = await this.#context.store.readUndelivered({
        cursor: CURSOR,
        limit: PAGE_EVENTS,
      });
      if (events.length === 0) return;
      for (const { seq, event } of events) {
        if (!(await mayGoOn())) return;
        await deliver(event);
        await this.#advance(seq);
      }
    }
  }

  async #advance(seq: number): Promise<void> {
    await this.#context.store.setMax({ name: CURSOR, value: seq });
  }
}
