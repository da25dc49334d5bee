import { importKeySet, isSameKey } from '../../jwt/keys/key-set.ts';
import type { VerificationKey } from '../../jwt/keys/key-types.ts';
import { type Clock, createStopwatch } from '../../kernel/clock.ts';
import { KeyRefused } from '../../kernel/errors.ts';
import {
  type Fetch,
  FetchFailed,
  type FetchOptions,
  fetchDocument,
  wrongSetUp,
} from '../../kernel/http/fetch-document.ts';
import { showUrl } from '../../kernel/http/show-url.ts';
import { randomFraction } from '../../kernel/system-clock.ts';
import { backOffMs, spreadOut } from '../../kernel/timing/back-off.ts';
import { systemTimers } from '../../kernel/timing/timers.ts';
import { KeyExpectation } from '../verify/key-expectation.ts';
import { discoverIssuer, type IssuerMetadata } from './discovery.ts';

/** Options for fetching an issuer's keys. */
export interface IssuerKeysOptions {
  readonly issuer: string;
  /** Where the keys are. Default: where the issuer's metadata says. */
  readonly jwksUri: string | undefined;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly allowHttp: boolean;
  /** Seconds. */
  readonly timeout: number;
  /** Seconds. */
  readonly cooldown: number;
  /** Seconds. */
  readonly retryDelay: number;
  /** Called with keys that differ from the last ones, before `onChange`. */
  readonly onKeys: (keys: readonly VerificationKey[]) => void;
  /** Called after every attempt. */
  readonly onChange: () => void;
}

/** What is known of the keys. Times are ms since the epoch. */
export interface IssuerKeysStatus {
  /** The ids of the keys in use. */
  readonly kids: readonly string[];
  /** When they were last fetched with success. */
  readonly fetchedAt: number | undefined;
  /** Why the last attempt failed; undefined where it did not. */
  readonly error: string | undefined;
}

/** How long keys are kept if the issuer does not say. */
const DEFAULT_AGE_SECONDS = 300;
const LONGEST_AGE_SECONDS = 24 * 3600;
const LONGEST_RETRY_MS = 30_000;

/**
 * The keys of one issuer: fetched at the start, before they go stale, and when a token of an unknown
 * header comes. While the issuer is unreachable, the last keys stay in use: its outage must not take down
 * the services that trust it. No token decides what is fetched, nor from where.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  readonly #stopped = new AbortController();
  readonly #elapsed: () => number;
  #keys: readonly VerificationKey[] = [];
  #metadata: IssuerMetadata | undefined;
  /** Whether the metadata need not be asked for again. */
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
   * The first fetch while it is under way: short enough to wait for. Once it failed, nobody is kept
   * waiting for an issuer that may be away for long.
   */
  get firstAttempt(): Promise<void> | undefined {
    return this.#failures === 0 && !this.isReady ? this.#running : undefined;
  }

  /** Empty until it was fetched. */
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

  /** Why there are no keys, where time alone will not help. */
  get setUpError(): string | undefined {
    return this.#isSetUpWrong && !this.isReady ? this.#error : undefined;
  }

  /** Seconds until it is tried again. */
  get retryAfter(): number {
    return Math.max(0, (this.#nextAttempt - this.#elapsed()) / 1000);
  }

  /** Fetches now, or answers the fetch that is under way. */
  refresh(): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve();
    this.#running ??= this.#attempt();
    return this.#running;
  }

  /**
   * The issuer has said that its keys changed: fetches them, again and again for up to half a minute until
   * they are there. The issuer decides how often that happens, so no cooldown applies.
   * @param kids of the keys to expect; undefined where the issuer did not name them
   */
  expectChange(kids: readonly string[] | undefined): void {
    if (this.#stopped.signal.aborted) return;
    if (this.#expected === undefined) {
      this.#expected = new KeyExpectation(this.status.kids, kids);
    } else {
      this.#expected.add(kids);
    }
    // One that is under way may have begun before the change. It is asked again where it did.
    void this.refresh();
  }

  /**
   * A token came whose header is of no key known: there may be a new key. Anybody can send such tokens,
   * so at most one fetch starts per cooldown.
   * @returns the fetch to wait for; undefined where none is due
   */
  refreshForUnknown(): Promise<void> | undefined {
    if (this.#expected !== undefined) return this.#expected.settled;
    if (this.#running !== undefined) return this.#running;
    if (this.#stopped.signal.aborted) return undefined;
    const since = this.#elapsed() - (this.#lastAttempt ?? Number.NEGATIVE_INFINITY);
    if (since < this.#options.cooldown * 1000) return undefined;
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
      waitMs = this.#chooseAge(maxAge) * 1000 * (0.7 + 0.2 * randomFraction());
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.#failures++;
      this.#error = error instanceof Error ? error.message : 'The keys cannot be used.';
      this.#isSetUpWrong = error instanceof FetchFailed && error.isSetUpWrong;
      // Where they are may have changed.
      this.#isSettled = false;
      const firstMs = this.#options.retryDelay * 1000;
      waitMs = spreadOut(backOffMs(this.#failures, { firstMs, longestMs: LONGEST_RETRY_MS }));
    }
    // Before anybody hears of it: what they ask for next is another fetch.
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
    const { issuer, jwksUri, fetch, allowHttp, timeout } = this.#options;
    const options: FetchOptions = {
      fetch,
      allowHttp,
      timeout: timeout * 1000,
      signal: this.#stopped.signal,
    };
    if (jwksUri === undefined && !this.#isSettled) {
      this.#metadata = await discoverIssuer(issuer, options);
      this.#isSettled = true;
    }
    const url = jwksUri ?? this.#metadata?.jwksUri ?? '';
    const { value, maxAge } = await fetchDocument(url, options, {
      // A cache on the way may hold the keys from before the change.
      ...(this.#expected === undefined ? {} : { headers: { 'cache-control': 'no-cache' } }),
    });
    const { keys, ignored } = readKeySet(url, value);
    if (keys.length === 0) {
      throw wrongSetUp(describeNoKeys(showUrl(url), ignored));
    }
    if (!isSameSet(this.#keys, keys)) {
      this.#options.onKeys(keys);
      this.#keys = keys;
    }
    return maxAge;
  }

  /** An issuer that forbids keeping its keys is asked as often as unknown tokens may ask, and no more. */
  #chooseAge(maxAge: number = DEFAULT_AGE_SECONDS): number {
    return Math.min(Math.max(maxAge, this.#options.cooldown), LONGEST_AGE_SECONDS);
  }

  #schedule(ms: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#nextAttempt = this.#elapsed() + ms;
    this.#cancelTimer = systemTimers.start(ms, () => void this.refresh());
  }
}

function readKeySet(url: string, value: unknown): ReturnType<typeof importKeySet> {
  try {
    return importKeySet(value);
  } catch (error) {
    throw error instanceof KeyRefused ? wrongSetUp(`${showUrl(url)}: ${error.message}`) : error;
  }
}

function describeNoKeys(url: string, ignored: number): string {
  if (ignored > 0) {
    return `None of the ${ignored} keys at ${url} can be used: each must be public and name its "alg".`;
  }
  return `There is no key at ${url}. An issuer that signs with a shared secret (HS256) publishes none: give the secret to createGuard({ keys, algorithm: 'HS256' }).`;
}

function isSameSet(one: readonly VerificationKey[], other: readonly VerificationKey[]): boolean {
  return (
    one.length === other.length &&
    one.every((key) => other.some((another) => isSameKey(key, another)))
  );
}
