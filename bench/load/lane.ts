import { Connection } from './connection.ts';

/** Provides the requests of the lanes and receives the answers. */
export interface Traffic {
  /** The next request of this lane; undefined if there is none at the moment. */
  next(lane: number): string | undefined;
  /** `since`: when the request was sent, or should have been, by performance.now(). */
  onAnswer(lane: number, status: number, body: Buffer, since: number): void;
}

/** One connection that keeps a number of requests in flight. */
export class Lane {
  readonly #index: number;
  readonly #traffic: Traffic;
  readonly #since: number[] = [];
  #connection: Connection | undefined;
  #free: number;
  #idle: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;

  constructor(index: number, traffic: Traffic, pipelining: number) {
    this.#index = index;
    this.#traffic = traffic;
    this.#free = pipelining;
  }

  async open(port: number): Promise<void> {
    this.#connection = await Connection.open(port, {
      onAnswer: (status, body) => {
        this.#free++;
        const since = this.#since.shift() ?? 0;
        this.#traffic.onAnswer(this.#index, status, body, since);
      },
      onPause: () => this.send(),
      onError: (error) => {
        this.#failure = error;
        this.#idle?.reject(error);
      },
    });
  }

  /** Whether everything sent was answered. */
  get isIdle(): boolean {
    return this.#since.length === 0;
  }

  /** Sends as many requests as there are, up to the limit in flight. */
  send(since = performance.now()): void {
    let text = '';
    while (this.#free > 0) {
      const request = this.#traffic.next(this.#index);
      if (request === undefined) break;
      this.#free--;
      this.#since.push(since);
      text += request;
    }
    if (text !== '') this.#connection?.send(text);
    if (this.#since.length === 0) this.#idle?.resolve();
  }

  /** Closes the connection, whatever is not answered yet. */
  abandon(): void {
    this.#connection?.close();
  }

  /** Waits for the answers to all requests sent. @throws {Error} if the connection breaks */
  async finish(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#idle = Promise.withResolvers();
    if (this.#since.length === 0) this.#idle.resolve();
    try {
      await this.#idle.promise;
    } finally {
      this.#connection?.close();
    }
  }
}
