import type { ServerResponse } from 'node:http';
import type { RevocationLog, RevocationNews } from '../../../auth/revocations/revocation-log.ts';
import { ServerOverloaded, StoreUnavailable } from '../../../kernel/errors.ts';
import { FeedListener, type FeedSource, isConnected } from './feed-listener.ts';

/** @see RevocationBroadcast */
export interface BroadcastOptions {
  readonly log: Pick<RevocationLog, 'position' | 'silenceMs' | 'follow' | 'after'>;
  /** The ids of all secrets of clients that are accepted now. */
  readonly listSecretIds: () => Promise<ReadonlySet<string>>;
  /** Called after each look at the secrets: with the reason if it failed. Until one succeeds all feeds stay open. */
  readonly onLook?: (error?: unknown) => void;
  /** The time between heartbeats. Default 15,000. */
  readonly heartbeatMs?: number;
  /** Open feeds of this node. Default 1,000. */
  readonly maxListeners?: number;
  /** Open feeds of one client. Default 250. */
  readonly maxListenersPerClient?: number;
}

/** How long a node may fail to read the log and still call its revocations complete. */
const MAX_SILENCE_MS = 10_000;

/**
 * Sends the revocations that this node knows to all listeners: first the live ones, or those since the
 * position that a listener names, then every change immediately. Each change is serialised once, no matter
 * how many listeners there are. The database is asked only whether the clients' secrets are still valid.
 *
 * An `id` is the position up to which a listener has everything. This node's own entries are sent before
 * earlier entries of other nodes, so they do not move the position: a listener that disconnects then and
 * resumes gets them twice and misses nothing.
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
    this.#timer = setInterval(() => void this.#beat(), options.heartbeatMs ?? 15_000);
    this.#timer.unref();
  }

  get size(): number {
    return this.#listeners.size;
  }

  /**
   * @throws {ServerOverloaded} if this node, or this client, has as many listeners as it may have
   * @throws {StoreUnavailable} while the log cannot be read, and after close
   */
  assertReady(clientId?: string): void {
    if (this.#closed) throw new StoreUnavailable('The server is closing. Ask the next one.');
    if (this.#options.log.silenceMs > MAX_SILENCE_MS) {
      throw new StoreUnavailable('The revocations cannot be read. Try again.', { retryAfter: 5 });
    }
    if (this.#listeners.size >= (this.#options.maxListeners ?? 1000)) {
      throw new ServerOverloaded('This server has as many open feeds as it allows. Try again.', 10);
    }
    if (clientId === undefined) return;
    const most = this.#options.maxListenersPerClient ?? 250;
    // The attack: with the key of one client, anyone could take every place and shut out all the others.
    if (this.#countListeners(clientId) >= most) {
      throw new ServerOverloaded(
        `This client has ${most} open feeds, as many as one client may have. Close some, or create another: latchkey clients create NAME --kind guard`,
        10,
      );
    }
  }

  /**
   * Does nothing if the client has disconnected.
   * @param lastEventId as the listener sent it
   */
  add(response: ServerResponse, source: FeedSource, lastEventId: string | undefined): void {
    if (!isConnected(response)) return;
    const listener = new FeedListener(response, source, () => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    // In the same turn as it begins to listen, so that nothing is missed in between.
    const from = parsePosition(lastEventId, this.#options.log.position);
    void this.#catchUp(listener, from, this.#options.log.after(from ?? 0));
  }

  /** Ends all feeds. Their guards continue with another server. */
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
    // What happened in the meantime was written in between, so the listener has everything up to here.
    listener.isCaughtUp = true;
    listener.write(toEvent('live', '{}', this.#options.log.position));
  }

  #pass({ batches, position }: RevocationNews): void {
    const events = batches.map((batch) => toEvent('revoked', batch)).join('');
    const moved = position === undefined ? '' : `id: ${position}\n\n`;
    for (const listener of this.#listeners) {
      // The position comes last, so a listener that is cut off in between gets all of it again.
      const text = listener.isCaughtUp ? events + moved : events;
      if (text !== '') listener.write(text);
    }
  }

  async #beat(): Promise<void> {
    if (this.#options.log.silenceMs > MAX_SILENCE_MS) {
      // This node may be missing revocations, so its guards must not call their feeds complete.
      this.#endAll();
      return;
    }
    for (const listener of this.#listeners) {
      if (listener.isOpen) listener.beat();
      else this.#listeners.delete(listener);
    }
    if (this.#listeners.size === 0) return;
    const asked = [...this.#listeners];
    let known: ReadonlySet<string>;
    try {
      known = await this.#options.listSecretIds();
    } catch (error) {
      // If the database does not answer, it is not known which secrets are valid.
      if (!this.#closed) this.#options.onLook?.(error);
      return;
    }
    this.#options.onLook?.();
    for (const listener of asked) if (!known.has(listener.source.secretId)) listener.end();
  }

  #countListeners(clientId: string): number {
    let count = 0;
    for (const listener of this.#listeners) if (listener.source.clientId === clientId) count++;
    return count;
  }

  #endAll(): void {
    for (const listener of this.#listeners) listener.end();
  }
}

/**
 * @returns undefined if the node cannot tell what happened since: there is no position, or one that this node has not
 *   reached, because it is behind another node or its database was restored from a backup
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
