import assert from 'node:assert/strict';
import { EventStreamReader } from '../../src/guard/feed/event-stream.ts';
import type { Revocation } from '../../src/revocation/revocation.ts';
import { parseRevocations } from '../../src/revocation/revocation-wire.ts';

/** A feed of revocations as it comes, without the client that is tested elsewhere. */
export class TestFeed {
  readonly response: Response;
  /** All events, in order. */
  readonly events: { name: string; data: string }[] = [];
  readonly revoked: Revocation[] = [];
  /** Everything, byte for byte. */
  text = '';
  isOver = false;
  readonly #abort: AbortController;
  readonly #reader: EventStreamReader;
  #wake = () => {};

  constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.#reader = new EventStreamReader(({ name, data }) => {
      this.events.push({ name, data });
      if (name === 'revoked') this.revoked.push(...parseRevocations(data));
    });
    void this.#read();
  }

  /** The position that a client would resume from. */
  get id(): string | undefined {
    return this.#reader.lastId;
  }

  get subjects(): string[] {
    return this.revoked.map(({ subject }) => subject);
  }

  /** Waits until what came so far is as asked for; fails when the feed is over before. */
  async until(isReached: (feed: this) => boolean): Promise<void> {
    while (!isReached(this)) {
      assert.ok(!this.isOver, `the feed is over: ${this.text.slice(-500)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits for the server to end it. */
  async ended(): Promise<void> {
    while (!this.isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  cut(): void {
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    try {
      for await (const bytes of this.response.body ?? []) {
        this.text += Buffer.from(bytes).toString();
        this.#reader.push(bytes);
        this.#wake();
      }
    } catch {
      // It was cut, here or there.
    }
    this.isOver = true;
    this.#wake();
  }
}

/** Opens a feed; `after` is the `Last-Event-ID`. */
export async function openFeed(
  url: string,
  { token, after }: { token?: string; after?: string } = {},
): Promise<TestFeed> {
  const abort = new AbortController();
  const response = await fetch(url, {
    signal: abort.signal,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(after === undefined ? {} : { 'last-event-id': after }),
    },
  });
  return new TestFeed(response, abort);
}
