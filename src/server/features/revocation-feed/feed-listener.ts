import type { ServerResponse } from 'node:http';

/** How much may wait for a listener before it is dropped. */
const BACKLOG_MAX_BYTES = 1024 * 1024;
/** How long a listener has to read its last bytes. */
const FAREWELL_MS = 1000;

/**
 * Whether the client is still connected. Check it after every wait and before listening for 'close': a closed
 * connection does not emit that event again.
 */
export function isConnected(response: ServerResponse): boolean {
  // The response of HTTP/2 has no `destroyed`; its stream does.
  const stream = 'stream' in response ? (response.stream as { destroyed?: boolean }) : undefined;
  return !response.destroyed && !response.closed && stream?.destroyed !== true;
}

/** The client that opened a feed, and the secret with which it authenticated. The feed ends with that secret. */
export interface FeedSource {
  readonly clientId: string;
  readonly secretId: string;
}

/** One open feed: what is written to it, and whether it is read. */
export class FeedListener {
  readonly source: FeedSource;
  /** Whether everything before was written, so that positions may be sent. */
  isCaughtUp = false;
  readonly #response: ServerResponse;
  #beatsStalled = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  /**
   * @param response of an open connection: see {@link isConnected}
   * @param onEnd called once when the feed is over, whichever side ended it
   */
  constructor(response: ServerResponse, source: FeedSource, onEnd: () => void) {
    this.#response = response;
    this.source = source;
    response.on('drain', () => {
      this.#beatsStalled = 0;
      this.#wake?.();
    });
    response.on('close', () => {
      this.#isOver = true;
      this.#wake?.();
      onEnd();
    });
    // A connection that breaks emits this as well, and then 'close'.
    response.on('error', () => {});
  }

  get isOpen(): boolean {
    return !this.#isOver && isConnected(this.#response) && !this.#response.writableEnded;
  }

  /** Drops a listener that is too slow. It connects again and continues from its last position. */
  write(text: string): void {
    if (!this.isOpen) return;
    this.#response.write(text);
    if (this.#response.writableLength > BACKLOG_MAX_BYTES) this.#response.destroy();
  }

  /** Resolves once the listener has read what was written, or is gone. */
  async drained(): Promise<void> {
    if (!this.isOpen || !this.#response.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  /** Sends a heartbeat. Drops a listener that has read nothing for two heartbeats. */
  beat(): void {
    if (this.#response.writableNeedDrain && ++this.#beatsStalled > 1) this.#response.destroy();
    else this.write(':\n\n');
  }

  end(): void {
    if (!this.isOpen) return;
    this.#response.end();
    setTimeout(() => this.#response.destroy(), FAREWELL_MS).unref();
  }
}
