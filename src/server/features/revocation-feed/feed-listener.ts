import type { ServerResponse } from 'node:http';

/** Bytes that may wait for a listener before it is given up. */
const LONGEST_BACKLOG = 1024 * 1024;
/** ms a listener has to take its last bytes. */
const FAREWELL = 1000;

/**
 * Whether the client is still there. To be asked after every wait and before listening for 'close': on a
 * connection that is closed already, that event has been and will not come again.
 */
export function isConnected(response: ServerResponse): boolean {
  // The response of HTTP/2 has no `destroyed`; its stream does.
  const stream = 'stream' in response ? (response.stream as { destroyed?: boolean }) : undefined;
  return !response.destroyed && !response.closed && stream?.destroyed !== true;
}

/** Who opened a feed: the client, and the secret it proved itself by. The feed ends with that secret. */
export interface FeedSource {
  readonly clientId: string;
  readonly secretId: string;
}

/** One open feed: what is written to it, and whether it is read. */
export class FeedListener {
  readonly source: FeedSource;
  /** Whether all that came before was written, so that positions may be told. */
  isCaughtUp = false;
  readonly #response: ServerResponse;
  #beatsStalled = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  /**
   * @param response of a connection that is open: see {@link isConnected}
   * @param onEnd called once when it is over, whoever ended it
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
    // A connection that breaks says so here too; 'close' follows.
    response.on('error', () => {});
  }

  get isOpen(): boolean {
    return !this.#isOver && isConnected(this.#response) && !this.#response.writableEnded;
  }

  /** A listener too slow for what comes is dropped: it comes again and goes on where it was. */
  write(text: string): void {
    if (!this.isOpen) return;
    this.#response.write(text);
    if (this.#response.writableLength > LONGEST_BACKLOG) this.#response.destroy();
  }

  /** Resolves when it has taken what was written, or is over. */
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
    setTimeout(() => this.#response.destroy(), FAREWELL).unref();
  }
}
