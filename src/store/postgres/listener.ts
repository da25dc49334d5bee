import { backOffMs } from '../../kernel/timing/back-off.ts';
import type { PostgresClient } from './connection/client.ts';
import { toConnectionError, withPlace } from './connection/connection-failures.ts';
import type { PostgresLocation } from './connection/location.ts';
import { REVOCATION_CHANNEL } from './dialect.ts';

const RECONNECT = { firstMs: 50, longestMs: 1_000 };

/**
 * Calls back whenever the revocation log may have grown: on each notification, and on each new connection, because
 * notifications between two connections are lost. A listener cannot know that it is deaf (a pooler in between, a
 * network that drops packets), so a caller that must not miss an entry polls as well.
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

  /** Resolves after the first attempt to connect. Attempts go on until one succeeds. */
  open(): Promise<void> {
    this.#connecting = this.#connect();
    return this.#connecting;
  }

  /** Ends an attempt to connect, and waits until the connection is closed. */
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
    const { Client, connection, connectTimeoutMs, listenerCheckMs } = this.#location;
    const client = new Client({
      ...connection,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: connectTimeoutMs,
    });
    const lose = () => this.#lose(client);
    client.on('error', lose);
    client.on('end', lose);
    client.on('notification', () => this.#onChange());
    this.#client = client;
    this.#isConnected = false;
    try {
      await client.connect();
      await client.query(`listen ${REVOCATION_CHANNEL}`);
    } catch (error) {
      lose();
      const isPasswordGiven = connection.password !== undefined;
      const reason = withPlace(toConnectionError(error, isPasswordGiven), this.#location);
      // An attempt that `close` ended is not reported.
      if (!this.#closed) this.#onAttempt(reason);
      return;
    }
    this.#isConnected = true;
    this.#failures = 0;
    this.#onAttempt();
    // A network that drops packets closes no connection. Only a query without an answer shows it.
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
