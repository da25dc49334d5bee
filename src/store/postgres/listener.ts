import { backOffMs } from '../../kernel/timing/back-off.ts';
import type { PostgresClient } from './client.ts';
import { toConnectionError, withPlace } from './connection-failures.ts';
import { revocationChannel } from './dialect.ts';
import type { PostgresLocation } from './location.ts';

const RECONNECT = { firstMs: 50, longestMs: 1_000 };

/**
 * Calls back whenever the revocation log may have grown: on every notification, and on every new
 * connection, for nobody told what happened in between. A listener may be deaf without knowing it (a
 * pooler in between, a network that drops packets), so whoever must not miss an entry polls as well.
 */
export class Listener {
  readonly #location: PostgresLocation;
  readonly #onChange: () => void;
  readonly #onAttempt: (error?: unknown) => void;
  #client: PostgresClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** How many attempts to connect failed, or ended, in a row. */
  #failures = 0;
  #closed = false;
  #isConnected = false;
  #connecting: Promise<void> = Promise.resolve();

  /** @param onAttempt called after each attempt to connect: with the reason if it failed */
  constructor(
    location: PostgresLocation,
    onChange: () => void,
    onAttempt: (error?: unknown) => void = () => {},
  ) {
    this.#location = location;
    this.#onChange = onChange;
    this.#onAttempt = onAttempt;
  }

  /** Resolves after the first attempt to connect. Those that fail are repeated until one succeeds. */
  open(): Promise<void> {
    this.#connecting = this.#connect();
    return this.#connecting;
  }

  /** Waits no longer than a server that does not answer takes to be given up. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (!this.#isConnected) this.#client?.abort();
    await this.#connecting;
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  async #connect(): Promise<void> {
    const { Client, connection, connectTimeout, listenerCheckMs } = this.#location;
    const client = new Client({
      ...connection,
      connectionTimeoutMillis: connectTimeout,
      query_timeout: connectTimeout,
    });
    const lose = () => this.#lose(client);
    client.on('error', lose);
    client.on('end', lose);
    client.on('notification', () => this.#onChange());
    this.#client = client;
    this.#isConnected = false;
    try {
      await client.connect();
      await client.query(`listen ${revocationChannel}`);
    } catch (error) {
      lose();
      const isPasswordGiven = connection.password !== undefined;
      const reason = withPlace(toConnectionError(error, isPasswordGiven), this.#location);
      // Closing ends an attempt that is under way.
      if (!this.#closed) this.#onAttempt(reason);
      return;
    }
    this.#isConnected = true;
    this.#failures = 0;
    this.#onAttempt();
    // A network that drops packets closes no connection: only a question that is not answered tells.
    this.#setTimer(setInterval(() => client.query('select 1').catch(lose), listenerCheckMs));
    this.#onChange();
  }

  #lose(client: PostgresClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.end().catch(() => {});
    this.#failures++;
    this.#setTimer(setTimeout(() => void this.open(), backOffMs(this.#failures, RECONNECT)));
  }

  #setTimer(timer: NodeJS.Timeout): void {
    clearTimeout(this.#timer);
    this.#timer = timer.unref();
    if (this.#closed) clearTimeout(timer);
  }
}
