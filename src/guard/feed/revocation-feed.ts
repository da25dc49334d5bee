import { setImmediate } from 'node:timers/promises';
import { type Clock, createStopwatch } from '../../kernel/clock.ts';
import { FetchFailed, findReason } from '../../kernel/http/fetch-document.ts';
import { backOffMs, spreadOut } from '../../kernel/timing/back-off.ts';
import { systemTimers, type Timers } from '../../kernel/timing/timers.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import type { RevocationIndex } from '../../revocation/revocation-index.ts';
import { parseRevocations } from '../../revocation/revocation-wire.ts';
import { EventStreamReader, type StreamEvent } from './event-stream.ts';
import { type FeedAddress, openFeed } from './open-feed.ts';
import type { RevocationFeedState, RevocationFeedStatus } from './revocation-status.ts';
import { Watchdog } from './watchdog.ts';

/** @see RevocationFeed */
export interface RevocationFeedOptions extends FeedAddress {
  /** The feed adds revocations to it and removes expired ones. */
  readonly index: RevocationIndex;
  readonly clock: Clock;
  /** Called after every change of the state. What it throws does not affect the feed. */
  readonly onChange?: (() => void) | undefined;
  /**
   * Called when the issuer's signing keys have changed, or one was revoked.
   * @param kids the ids of the keys to expect; undefined if the server does not name them
   */
  readonly onKeys?: ((kids: readonly string[] | undefined) => void) | undefined;
  /** Returns a random number from 0 to 1. */
  readonly random?: (() => number) | undefined;
  readonly timers?: Timers | undefined;
}

/** How long a response may take to begin. */
const RESPONSE_LIMIT_MS = 10_000;
/** A connection without a byte for this long, three heartbeats, is given up. */
const LONGEST_SILENCE_MS = 45_000;
/** Short waits: a guard that waits accepts tokens that may be revoked. */
const RETRY = { firstMs: 250, longestMs: 5_000 };
/** A connection that was live for this long starts the back-off over. */
const STEADY_MS = 5_000;
const PRUNE_INTERVAL_MS = 60_000;

/**
 * Keeps an index of revocations up to date from an issuer's feed, until it is closed. It never throws and never gives up.
 * Its status shows what goes wrong.
 *
 * ```ts
 * const feed = new RevocationFeed({ locate: () => url, key, index, clock, connect, allowHttp });
 * feed.start();
 * feed.status.staleness; // ms since it last knew of every revocation; undefined: never
 * ```
 *
 * On every request the guard's verifier asks the index, and the guard compares `staleness` with its `maxStaleness`, so
 * reading the status is cheap. `onChange` is called when `state` changes, and not as time passes.
 */
export class RevocationFeed {
  readonly #options: RevocationFeedOptions;
  readonly #closed = new AbortController();
  readonly #timers: Timers;
  readonly #elapsed: () => number;
  #state: RevocationFeedState = 'connecting';
  #error: string | undefined;
  /** The position in the log up to which every entry was received, as the server writes it. */
  #position: string | undefined;
  #completeAt: number | undefined;
  #liveSince = 0;
  #failures = 0;
  #skipped = 0;
  #isSetUpWrong = false;
  #started = false;

  constructor(options: RevocationFeedOptions) {
    this.#options = options;
    this.#elapsed = createStopwatch(options.clock);
    this.#timers = options.timers ?? systemTimers;
  }

  get status(): RevocationFeedStatus {
    const completeAt = this.#completeAt;
    return {
      state: this.#state,
      connected: this.#state === 'live',
      lastSeq: Number(this.#position ?? 0),
      staleness: completeAt === undefined ? undefined : this.#elapsed() - completeAt,
      error: this.#error,
      skipped: this.#skipped,
    };
  }

  /** Whether waiting will not help, because the operator must correct the credential or the address. */
  get isSetUpWrong(): boolean {
    return this.#isSetUpWrong;
  }

  /** Starts to listen. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#run();
    void this.#keepPruning();
  }

  /** Stops listening. The index stays as it is. May be called twice. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#closed.abort();
    this.#change('closed', undefined);
  }

  async #run(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const { message, isSetUpWrong } = await this.#listen();
      if (this.#closed.signal.aborted) return;
      const wasSteady = this.#state === 'live' && this.#elapsed() - this.#liveSince >= STEADY_MS;
      this.#failures = wasSteady ? 1 : this.#failures + 1;
      this.#isSetUpWrong = isSetUpWrong;
      this.#change(this.#completeAt === undefined ? 'connecting' : 'stale', message);
      await this.#pause(spreadOut(backOffMs(this.#failures, RETRY), this.#options.random));
    }
  }

  /** Runs one connection from its start to its end. @returns why it ended */
  async #listen(): Promise<FetchFailed> {
    const silence = new AbortController();
    const signal = AbortSignal.any([silence.signal, this.#closed.signal]);
    const watchdog = new Watchdog(this.#timers, () => silence.abort());
    try {
      watchdog.expect(RESPONSE_LIMIT_MS);
      const response = await openFeed(this.#options, this.#position, signal);
      watchdog.expect(LONGEST_SILENCE_MS);
      const reader = new EventStreamReader((event) => {
        this.#take(event);
        if (event.name === 'live') response.unref();
      });
      for await (const bytes of response.body) {
        watchdog.expect(LONGEST_SILENCE_MS);
        reader.push(bytes);
        this.#position = reader.lastId ?? this.#position;
        if (this.#state === 'live') this.#completeAt = this.#elapsed();
      }
      return new FetchFailed('The server ended the feed.');
    } catch (error) {
      if (silence.signal.aborted) return new FetchFailed('The server fell silent.');
      return error instanceof FetchFailed
        ? error
        : new FetchFailed(`The feed cannot be read: ${findReason(error)}.`);
    } finally {
      watchdog.stop();
      // Closes the connection, also after an error.
      silence.abort();
    }
  }

  #take({ name, data }: StreamEvent): void {
    switch (name) {
      case 'revoked':
        this.#applyAll(parseRevocations(data, () => this.#skip()));
        break;
      case 'live':
        this.#liveSince = this.#elapsed();
        this.#completeAt = this.#liveSince;
        this.#isSetUpWrong = false;
        this.#change('live', undefined);
        break;
      case 'snapshot':
      case 'resumed':
        break;
      default:
        this.#skip();
    }
  }

  #applyAll(revocations: readonly Revocation[]): void {
    const { index, onKeys } = this.#options;
    for (const revocation of revocations) index.apply(revocation);
    const changes = revocations.filter(({ kind }) => kind === 'keys');
    if (changes.length > 0) {
      const kids = changes.flatMap(({ subject }) => subject.split(' '));
      onKeys?.(kids.includes('') ? undefined : kids);
    } else if (revocations.some(({ kind }) => kind === 'key')) {
      onKeys?.(undefined);
    }
  }

  /** Counts what this version does not know: the server is newer. */
  #skip(): void {
    this.#skipped++;
    if (this.#state !== 'closed') this.#announce();
  }

  #change(state: RevocationFeedState, error: string | undefined): void {
    if (this.#state === 'closed') return;
    const isChanged = state !== this.#state || error !== this.#error;
    this.#state = state;
    this.#error = error;
    if (isChanged) this.#announce();
  }

  #announce(): void {
    const { onChange } = this.#options;
    // In a microtask of its own, so that an error of the listener does not end the feed.
    if (onChange !== undefined) queueMicrotask(onChange);
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#closed;
    return new Promise((resolve) => {
      const cancel = this.#timers.start(ms, end);
      function end() {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      }
      signal.addEventListener('abort', end);
    });
  }

  async #keepPruning(): Promise<void> {
    const { index, clock } = this.#options;
    for (;;) {
      await this.#pause(PRUNE_INTERVAL_MS);
      if (this.#closed.signal.aborted) return;
      for (const _ of index.pruneInSteps(clock.now()))
        await setImmediate(undefined, { ref: false });
    }
  }
}
