import { createUuidFloor } from '../../kernel/uuid.ts';
import type { AuthContext } from '../context.ts';
import type { AuditEvent } from './event.ts';
import type { AuditEventFilter } from './event-filter.ts';

/**
 * How far back to look for events that were not there before. An event gets its id before its transaction
 * commits, and from the clock of its node: one with a lower id may appear after one with a higher id.
 */
const lateMs = 10_000;
const pageSize = 1000;

/** Reads events as they are written, each once. */
export class EventFollower {
  readonly #context: AuthContext;
  readonly #filter: AuditEventFilter;
  /** Ids of events that were given or are older than the start, as far back as is looked. */
  readonly #seen = new Set<string>();
  #newestAt = 0;

  constructor(context: AuthContext, filter: AuditEventFilter) {
    this.#context = context;
    this.#filter = filter;
  }

  /**
   * @param count how many of the events that are there
   * @returns the latest of them, the oldest first
   * @throws {StoreUnavailable}
   */
  async start(count: number): Promise<AuditEvent[]> {
    const [newest] = await this.#readLatest(1);
    this.#newestAt = newest?.at ?? this.#context.clock.now();
    // Before the latest are read: an event that is written in between is given now or by the next call.
    for await (const page of this.#readPages()) this.#take(page);
    const latest = count === 0 ? [] : await this.#readLatest(count);
    this.#take(latest);
    return latest.reverse();
  }

  /**
   * @returns what was written since the last call, in the order of the ids
   * @throws {StoreUnavailable} what was not given yet is given by a later call
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
        limit: pageSize,
      });
      yield page;
      after = page.at(-1)?.id ?? after;
      isLast = page.length < pageSize;
    }
  }

  #readLatest(limit: number): Promise<AuditEvent[]> {
    const order = 'newest first';
    return this.#context.store.listEvents({ order, filter: this.#filter, limit });
  }

  /** A node whose clock is ahead must not hide what the others write. */
  #findFloor(): string {
    return createUuidFloor(Math.min(this.#newestAt, this.#context.clock.now()) - lateMs);
  }

  #take(events: readonly AuditEvent[]): void {
    for (const { id, at } of events) {
      this.#seen.add(id);
      this.#newestAt = Math.max(this.#newestAt, at);
    }
  }
}
