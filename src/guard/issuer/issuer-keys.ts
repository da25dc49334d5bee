import type { VerificationKey } from '../../jwt/keys/key-types.ts';
import { type Clock, createStopwatch } from '../../kernel/clock.ts';
import {
  type Fetch,
  FetchFailed,
  type FetchOptions,
  fetchDocument,
} from '../../kernel/http/fetch-document.ts';
import { randomFraction } from '../../kernel/system-clock.ts';
import { backOffMs, spreadOut } from '../../kernel/timing/back-off.ts';
import { systemTimers } from '../../kernel/timing/timers.ts';
import { KeyExpectation } from '../verify/key-expectation.ts';
import { discoverIssuer, type IssuerMetadata } from './discovery.ts';
import { isSameKeySet, readIssuerKeys } from './read-issuer-keys.ts';

/** Options for fetching an issuer's keys. */
export interface IssuerKeysOptions {
  readonly issuer: string;
  /** The URL of the keys. Undefined: as the issuer's metadata says. */
  readonly jwksUri: string | undefined;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly allowHttp: boolean;
  /** How long the issuer may take to answer completely. */
  readonly timeoutMs: number;
  /** The least time between two fetches for tokens of unknown keys. */
  readonly cooldownMs: number;
  /** The wait after the first failure. */
  readonly retryDelayMs: number;
  /** Called with the keys when they changed, before `onChange`. */
  readonly onKeys: (keys: readonly VerificationKey[]) => void;
  /** Called after every attempt. */
  readonly onChange: () => void;
}

/** The keys of a guard, and whether it could fetch them. */
export interface IssuerKeysStatus {
  /** The ids of the keys in use. */
  readonly kids: readonly string[];
  /** When the keys were last fetched, in ms since the epoch; undefined: never. */
  readonly fetchedAt: number | undefined;
  /** Why the last attempt failed, in a sentence; undefined if it succeeded. */
  readonly error: string | undefined;
}

/** How long keys are kept if the issuer does not say. */
const DEFAULT_AGE_SECONDS = 300;
const LONGEST_AGE_MS = 24 * 3600 * 1000;
const LONGEST_RETRY_MS = 30_000;

/**
 * Fetches the keys of one issuer at the start, before they expire, and when a token with an unknown header comes. While
 * the issuer is unreachable, the last keys stay in use indefinitely: its outage must not take down the services that
 * trust it. Nothing in a token decides what is fetched, or from where.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  readonly #stopped = new AbortController();
  readonly #elapsed: () => number;
  #keys: readonly VerificationKey[] = [];
  #metadata: IssuerMetadata | undefined;
  /** Whether the metadata need not be fetched again. */
  #isSettled = false;
  #fetchedAt: number | undefined;
  #error: string | undefined;
  #isSetUpWrong = false;
  #failures = 0;
  #lastAttempt: number | undefined;
  #nextAttempt = 0;
  #running: Promise<void> | undefined;
  #expected: KeyExpectation | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
    this.#elapsed = createStopwatch(options.clock);
  }

  get isReady(): boolean {
    return this.#keys.length > 0;
  }

  /**
   * The first fetch while it runs, for requests to wait for. Undefined once it failed: the issuer may be unreachable for
   * a long time, and requests must not wait for it.
   */
  get firstAttempt(): Promise<void> | undefined {
    return this.#failures === 0 && !this.isReady ? this.#running : undefined;
  }

  /** The issuer's metadata. Empty before it was fetched. */
  get metadata(): IssuerMetadata['document'] {
    return this.#metadata?.document ?? {};
  }

  get status(): IssuerKeysStatus {
    return {
      kids: this.#keys.map(({ kid }) => kid),
      fetchedAt: this.#fetchedAt,
      error: this.#error,
    };
  }

  /** Why there are no keys, if waiting will not help; else undefined. */
  get setUpError(): string | undefined {
    return this.#isSetUpWrong && !this.isReady ? this.#error : undefined;
  }

  /** Seconds until the next attempt. */
  get retryAfter(): number {
    return Math.max(0, (this.#nextAttempt - this.#elapsed()) / 1000);
  }

  /** Starts to fetch, or returns the fetch that is running. */
  refresh(): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve();
    this.#running ??= this.#attempt();
    return this.#running;
  }

  /**
   * Fetches the keys because the issuer said that they changed, repeatedly for up to half a minute until the new ones are
   * there. The issuer decides how often that happens, so the cooldown does not apply.
   * @param kids the ids of the keys to expect; undefined if the issuer did not name them
   */
  expectChange(kids: readonly string[] | undefined): void {
    if (this.#stopped.signal.aborted) return;
    if (this.#expected === undefined) {
      this.#expected = new KeyExpectation(this.status.kids, kids);
    } else {
      this.#expected.add(kids);
    }
    // A fetch that is running may have started before the change. If so, the next one follows soon.
    void this.refresh();
  }

  /**
   * Fetches the keys because a token named an unknown key, which may be a new one. Anyone can send such tokens, so at most
   * one fetch starts per cooldown.
   * @returns the fetch to wait for; undefined during the cooldown
   */
  refreshForUnknown(): Promise<void> | undefined {
    if (this.#expected !== undefined) return this.#expected.settled;
    if (this.#running !== undefined) return this.#running;
    if (this.#stopped.signal.aborted) return undefined;
    const since = this.#elapsed() - (this.#lastAttempt ?? Number.NEGATIVE_INFINITY);
    if (since < this.#options.cooldownMs) return undefined;
    return this.refresh();
  }

  stop(): void {
    this.#stopped.abort();
    this.#cancelTimer?.();
    this.#expected?.end();
  }

  async #attempt(): Promise<void> {
    this.#cancelTimer?.();
    this.#lastAttempt = this.#elapsed();
    let waitMs: number;
    try {
      const maxAge = await this.#fetchKeys();
      this.#failures = 0;
      this.#error = undefined;
      this.#fetchedAt = this.#options.clock.now();
      waitMs = this.#chooseAgeMs(maxAge) * (0.7 + 0.2 * randomFraction());
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.#failures++;
      this.#error = error instanceof Error ? error.message : 'The keys cannot be used.';
      this.#isSetUpWrong = error instanceof FetchFailed && error.isSetUpWrong;
      // The URL of the keys may have changed.
      this.#isSettled = false;
      waitMs = spreadOut(
        backOffMs(this.#failures, {
          firstMs: this.#options.retryDelayMs,
          longestMs: LONGEST_RETRY_MS,
        }),
      );
    }
    // Before `onChange`: a caller that then asks for the keys must get another fetch.
    this.#running = undefined;
    this.#schedule(Math.min(waitMs, this.#chooseDelayMs() ?? waitMs));
    this.#options.onChange();
  }

  /** @returns ms until expected keys are fetched again; undefined if none are expected */
  #chooseDelayMs(): number | undefined {
    if (this.#expected === undefined) return undefined;
    const { kids } = this.status;
    const delay = this.#expected.isMetBy(kids) ? undefined : this.#expected.nextDelayMs();
    if (delay !== undefined) return spreadOut(delay);
    this.#expected.end();
    this.#expected = undefined;
    return undefined;
  }

  async #fetchKeys(): Promise<number | undefined> {
    const { issuer, jwksUri, fetch, allowHttp, timeoutMs } = this.#options;
    const options: FetchOptions = {
      fetch,
      allowHttp,
      timeoutMs,
      signal: this.#stopped.signal,
    };
    if (jwksUri === undefined && !this.#isSettled) {
      this.#metadata = await discoverIssuer(issuer, options);
      this.#isSettled = true;
    }
    const url = jwksUri ?? this.#metadata?.jwksUri ?? '';
    const { value, maxAge } = await fetchDocument(url, options, {
      // A cache on the way may have the keys from before the change.
      ...(this.#expected === undefined ? {} : { headers: { 'cache-control': 'no-cache' } }),
    });
    const keys = readIssuerKeys(url, value);
    if (!isSameKeySet(this.#keys, keys)) {
      this.#options.onKeys(keys);
      this.#keys = keys;
    }
    return maxAge;
  }

  /** How long to keep the keys: at least for the cooldown, also if the issuer forbids to keep them. */
  #chooseAgeMs(maxAge: number = DEFAULT_AGE_SECONDS): number {
    return Math.min(Math.max(maxAge * 1000, this.#options.cooldownMs), LONGEST_AGE_MS);
  }

  #schedule(ms: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#nextAttempt = this.#elapsed() + ms;
    this.#cancelTimer = systemTimers.start(ms, () => void this.refresh());
  }
}
