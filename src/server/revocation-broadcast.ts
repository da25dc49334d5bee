import type { ServerResponse } from 'node:http';
import type { RevocationLog, RevocationNews } from '../auth/revocation-log.ts';
import { Overloaded, StoreUnavailable } from '../errors.ts';
import { FeedListener } from './feed-listener.ts';

/** @see RevocationBroadcast */
export interface BroadcastOptions {
  readonly log: Pick<RevocationLog, 'position' | 'silence' | 'follow' | 'after'>;
  /** The ids of all guards there are. */
  readonly listGuardIds: () => Promise<ReadonlySet<string>>;
  /** ms between signs of life. Default 15,000. */
  readonly heartbeat?: number;
  /** Default 1,000. */
  readonly maxListeners?: number;
}

/** ms for which a node may fail to read the log and still call what it knows complete. */
const LONGEST_SILENCE = 10_000;

/**
 * Sends the revocations that this node knows to all who listen: first what is live, or what came since
 * the position a listener names, then every change at once. Each change is put into words once, whoever
 * many listen, and the database is asked for nothing but whether the guards are still there.
 *
 * What is written as `id` is the position up to which a listener has everything. Entries of this node's own
 * are sent before the ones of other nodes that lie before them in the log, so they move no position: who
 * breaks off then and resumes gets them twice, and misses nothing.
 */
export class RevocationBroadcast {
  readonly #options: BroadcastOptions;
  readonly #listeners = new Set<FeedListener>();
  readonly #unfollow: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #closed = false;

  constructor(options: BroadcastOptions) {
    this.#options = options;
    this.#unfollow = options.log.follow((news) => this.#pass(news));
    this.#timer = setInterval(() => void this.#beat(), options.heartbeat ?? 15_000);
    this.#timer.unref();
  }

  get size(): number {
    return this.#listeners.size;
  }

  /**
   * @throws {Overloaded} when there are as many listeners as there may be
   * @throws {StoreUnavailable} while the log cannot be read, and after close
   */
  assertAble(): void {
    if (this.#closed) throw new StoreUnavailable('The server is closing. Ask the next one.');
    if (this.#options.log.silence > LONGEST_SILENCE) {
      throw new StoreUnavailable('The revocations cannot be read. Try again.', { retryAfter: 5 });
    }
    if (this.#listeners.size >= (this.#options.maxListeners ?? 1000)) {
      throw new Overloaded('As many guards listen as this server can bear. Try again.', 10);
    }
  }

  /** @param lastEventId as the listener sent it, if it did */
  add(response: ServerResponse, guardId: string, lastEventId: string | undefined): void {
    const listener = new FeedListener(response, guardId, () => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    // In the same turn as it began to listen: so nothing lies between.
    const from = parsePosition(lastEventId, this.#options.log.position);
    void this.#catchUp(listener, from, this.#options.log.after(from ?? 0));
  }

  /** Ends all feeds. Their guards go on with the next server. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#unfollow();
    this.#endAll();
  }

  async #catchUp(listener: FeedListener, from: number | undefined, batches: readonly string[]) {
    listener.write(
      from === undefined ? toEvent('snapshot', '{}') : toEvent('resumed', `{"after":${from}}`),
    );
    for (const batch of batches) {
      listener.write(toEvent('revoked', batch));
      await listener.drained();
      if (!listener.isOpen) return;
    }
    // What came meanwhile was written in between, so it has everything up to here.
    listener.isCaughtUp = true;
    listener.write(toEvent('live', '{}', this.#options.log.position));
  }

  #pass({ batches, position }: RevocationNews): void {
    const events = batches.map((batch) => toEvent('revoked', batch)).join('');
    const moved = position === undefined ? '' : `id: ${position}\n\n`;
    for (const listener of this.#listeners) {
      // The position last: whoever is cut off in between gets all of it again.
      const text = listener.isCaughtUp ? events + moved : events;
      if (text !== '') listener.write(text);
    }
  }

  async #beat(): Promise<void> {
    if (this.#options.log.silence > LONGEST_SILENCE) {
      // What would be called complete here may not be. The guards had better know.
      this.#endAll();
      return;
    }
    for (const listener of this.#listeners) listener.beat();
    if (this.#listeners.size === 0) return;
    // A database that does not answer says nothing about the guards.
    const known = await this.#options.listGuardIds().catch(() => undefined);
    for (const listener of this.#listeners) {
      if (known?.has(listener.guardId) === false) listener.end();
    }
  }

  #endAll(): void {
    for (const listener of this.#listeners) listener.end();
  }
}

/**
 * @returns undefined where what came since cannot be told: no position, or one that this node has not
 *   reached, be it behind another node or on a database brought back from a backup
 */
function parsePosition(lastEventId: string | undefined, reached: number): number | undefined {
  if (lastEventId === undefined || !/^\d{1,15}$/.test(lastEventId)) return undefined;
  const position = Number(lastEventId);
  return position <= reached ? position : undefined;
}

/** @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
function toEvent(name: string, data: string, id?: number): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  return `${head}event: ${name}\ndata: ${data}\n\n`;
}
