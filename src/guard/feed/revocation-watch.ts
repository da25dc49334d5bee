import { isJsonObject } from '../../kernel/encoding/json.ts';
import { RevocationsStale, TokenRefused } from '../../kernel/errors.ts';
import { type FetchOptions, fetchDocument } from '../../kernel/http/fetch-document.ts';
import { systemTimers } from '../../kernel/timing/timers.ts';
import { WRONG_SET_UP_RETRY_SECONDS } from '../issuer/set-up-report.ts';
import { RevocationFeed, type RevocationFeedStatus } from './revocation-feed.ts';

/** What to do with tokens while a revocation may be missing. */
export type StalePolicy = 'accept' | 'reject' | 'introspect';

/** How a guard hears of revocations. */
export interface RevocationOptions {
  /** The key of the guard, `lkg_…`, as `latchkey clients create` printed it. */
  readonly credential: string;
  /**
   * Seconds that may have passed since the guard surely knew of every revocation, 20 at least: a feed that
   * is well is heard of every 15. Default 60.
   */
  readonly maxStaleness?: number;
  /**
   * Past that:
   * - `accept` (the default): tokens are accepted, and the time they live bounds the harm;
   * - `reject`: every token is refused, with 503;
   * - `introspect`: the issuer is asked about every token; where it does not answer, 503. Needs
   *   `guard.authenticate` or an adapter, as `guard.verify` cannot wait.
   *
   * With `reject` and `introspect` a guard is stale until it has heard of all revocations once.
   */
  readonly onStale?: StalePolicy;
  /** Where the feed is. Default: where the metadata says, else `<issuer>/auth/revocations`. */
  readonly url?: string;
  /** Where to introspect. Default: where the metadata says, else `<issuer>/auth/introspect`. */
  readonly introspectionUrl?: string;
}

/** What is known of the revocations. Times are ms. */
export interface RevocationWatchStatus extends RevocationFeedStatus {
  /** Whether `maxStaleness` is past, so that `onStale` is in force. */
  readonly stale: boolean;
}

/** @see RevocationWatch */
export interface RevocationWatchOptions
  extends Pick<
    ConstructorParameters<typeof RevocationFeed>[0],
    'index' | 'clock' | 'locate' | 'connect' | 'timers' | 'onKeys'
  > {
  readonly credential: string;
  /** ms */
  readonly maxStaleness: number;
  readonly onStale: StalePolicy;
  readonly fetching: Omit<FetchOptions, 'signal'>;
  readonly locateIntrospection: () => string;
  readonly onChange: () => void;
}

/** The feed of revocations, and what its staleness means for tokens. */
export class RevocationWatch {
  readonly #options: RevocationWatchOptions;
  readonly #feed: RevocationFeed;
  readonly #closed = new AbortController();
  #cancelAlarm: (() => void) | undefined;

  constructor(options: RevocationWatchOptions) {
    this.#options = options;
    const { index, clock, locate, connect, fetching, timers } = options;
    this.#feed = new RevocationFeed({
      index,
      clock,
      locate,
      timers,
      key: options.credential,
      connect,
      allowHttp: fetching.allowHttp,
      onKeys: options.onKeys,
      onChange: () => {
        this.#setAlarm();
        options.onChange();
      },
    });
  }

  get status(): RevocationWatchStatus {
    const status = this.#feed.status;
    return { ...status, stale: this.#isStale(status) };
  }

  get onStale(): StalePolicy {
    return this.#options.onStale;
  }

  /** Why there is no feed, where time alone will not help. */
  get setUpError(): string | undefined {
    return this.#feed.isSetUpWrong ? this.#feed.status.error : undefined;
  }

  /** Whether tokens can be judged, by the issuer's word where need be. */
  get isAble(): boolean {
    return this.#options.onStale === 'accept' || this.#feed.status.staleness !== undefined;
  }

  start(): void {
    this.#feed.start();
  }

  close(): void {
    this.#closed.abort();
    this.#cancelAlarm?.();
    this.#feed.close();
  }

  /** @throws {RevocationsStale} */
  assertReady(sync: boolean): void {
    const { onStale } = this.#options;
    if (onStale === 'accept' || (onStale === 'introspect' && !sync)) return;
    if (this.#isStale(this.#feed.status)) throw stale(this.setUpError);
  }

  /** Asks the issuer about a token, where the policy says so; else undefined. */
  confirm(token: string): Promise<void> | undefined {
    if (this.#options.onStale !== 'introspect' || !this.#isStale(this.#feed.status)) {
      return undefined;
    }
    return this.#introspect(token);
  }

  #isStale({ staleness }: RevocationFeedStatus): boolean {
    return staleness === undefined || staleness > this.#options.maxStaleness;
  }

  /** @see RFC 7662 section 2 */
  async #introspect(token: string): Promise<void> {
    const { credential, fetching, locateIntrospection } = this.#options;
    let answer: unknown;
    try {
      const options = { ...fetching, signal: this.#closed.signal };
      const { value } = await fetchDocument(locateIntrospection(), options, {
        method: 'POST',
        headers: { authorization: `Bearer ${credential}` },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
      });
      answer = value;
    } catch (error) {
      throw stale(this.setUpError, error);
    }
    if (isJsonObject(answer) && answer['active'] === true) return;
    throw new TokenRefused(
      'token_revoked',
      'This token is not accepted any more. Refresh it or sign in again.',
    );
  }

  /** Time passing is no change of the feed, and yet the status changes by it. */
  #setAlarm(): void {
    this.#cancelAlarm?.();
    const { connected, staleness } = this.#feed.status;
    if (connected || staleness === undefined || this.#closed.signal.aborted) return;
    const ms = Math.max(0, this.#options.maxStaleness - staleness) + 1;
    this.#cancelAlarm = (this.#options.timers ?? systemTimers).start(ms, this.#options.onChange);
  }
}

/** @param cause why the issuer could not be asked about a token, if it was */
function stale(setUpError: string | undefined, cause?: unknown): RevocationsStale {
  if (setUpError !== undefined) {
    return new RevocationsStale(
      'This service accepts no tokens, because its guard is set up wrongly and cannot hear of revocations. Its ' +
        "operator must correct that: the guard's log and status say what is wrong.",
      WRONG_SET_UP_RETRY_SECONDS,
      { cause: setUpError },
    );
  }
  return new RevocationsStale(
    'This service has not heard of revocations for too long to accept tokens. It keeps trying. Try again ' +
      'shortly.',
    undefined,
    { cause },
  );
}
