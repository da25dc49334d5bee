import { createUuidFloor } from '../../kernel/uuid.ts';
import type { AuthContext } from '../context.ts';
import type { AuditEvent } from './event.ts';
import type { AuditEventFilter } from './event-filter.ts';

/**
 * How far back to look for events that appear late. An event gets its id before its transaction commits, from the clock
 * of its node, so an event with a lower id may appear after one with a higher id.
 */
const LATE_MS = 10_000;
const PAGE_SIZE = 1000;

/** Reads events as they are written, each once. */
export class EventFollower {
  readonly #context: AuthContext;
  readonly #filter: AuditEventFilter;
  /** Ids of events that were returned or are older than the start, as far back as this looks. */
  readonly #seen = new Set<string>();
  #newestAt = 0;

  constructor(context: AuthContext, filter: AuditEventFilter) {
    this.#context = context;
    this.#filter = filter;
  }

  /**
   * Begins to follow.
   * @param count how many of the latest events to return
   * @returns them, the oldest first
   * @throws {StoreUnavailable}
   */
  async start(count: number): Promise<AuditEvent[]> {
    const [newest] = await this.#readLatest(1);
    this.#newestAt = newest?.at ?? this.#context.clock.now();
    // Before the latest are read: an event that is written in between is returned now or by the next call.
    for await (const page of this.#readPages()) this.#take(page);
    const latest = count === 0 ? [] : await this.#readLatest(count);
    this.#take(latest);
    return latest.reverse();
  }

  /**
   * Reads the events that were written since the last call.
   * @returns them in the order of their ids
   * @throws {StoreUnavailable} a later call returns what was missed
   */
  async readNew(): Promise<AuditEvent[]> {
    const found: AuditEvent[] = [];
    const floor = this.#findFloor();
    for await (const page of this.#readPages()) {
      found.push(...page.filter(({ id }) => !this.#seen.has(id)));
    }
    this.#take(found);
    for (const id of this.#seen) if (id < floor) this.#seen.delete(id);
    return found;
  }

  async *#readPages(): AsyncGenerator<AuditEvent[]> {
    for (let after = this.#findFloor(), isLast = false; !isLast; ) {
      const page = await this.#context.store.listEvents({
        order: 'oldest first',
        filter: this.#filter,
        after,
        limit: PAGE_SIZE,
      });
      yield page;
      after = page.at(-1)?.id ?? after;
      isLast = page.length < PAGE_SIZE;
    }
  }

  #readLatest(limit: number): Promise<AuditEvent[]> {
    const order = 'newest first';
    return this.#context.store.listEvents({ order, filter: this.#filter, limit });
  }

  /** Never above this node's clock: an event of a node whose clock is ahead must not hide those of the others. */
  #findFloor(): string {
    return createUuidFloor(Math.min(this.#newestAt, this.#context.clock.now()) - LATE_MS);
  }

  #take(events: readonly AuditEvent[]): void {
    for (const { id, at } of events) {
      this.#seen.add(id);
      this.#newestAt = Math.max(this.#newestAt, at);
    }
  }
}
