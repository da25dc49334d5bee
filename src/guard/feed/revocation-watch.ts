import { isJsonObject } from '../../kernel/encoding/json.ts';
import { RevocationsStale, TokenRefused } from '../../kernel/errors.ts';
import { type FetchOptions, fetchDocument } from '../../kernel/http/fetch-document.ts';
import { systemTimers } from '../../kernel/timing/timers.ts';
import { WRONG_SET_UP_RETRY_SECONDS } from '../issuer/set-up-report.ts';
import { RevocationFeed } from './revocation-feed.ts';
import type { StalePolicy } from './revocation-options.ts';
import type { RevocationFeedStatus, RevocationWatchStatus } from './revocation-status.ts';

/** @see RevocationWatch */
export interface RevocationWatchOptions
  extends Pick<
    ConstructorParameters<typeof RevocationFeed>[0],
    'index' | 'clock' | 'locate' | 'connect' | 'timers' | 'onKeys'
  > {
  readonly credential: string;
  readonly maxStalenessMs: number;
  readonly onStale: StalePolicy;
  readonly fetching: Omit<FetchOptions, 'signal'>;
  readonly locateIntrospection: () => string;
  readonly onChange: () => void;
}

/** Follows the feed of revocations, and applies the policy of the guard while the feed is stale. */
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

  /** Why there is no feed, if waiting will not help; else undefined. */
  get setUpError(): string | undefined {
    return this.#feed.isSetUpWrong ? this.#feed.status.error : undefined;
  }

  /** Whether tokens can be verified, by asking the issuer if necessary. */
  get canVerify(): boolean {
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

  /**
   * Asserts that the revocations are fresh enough.
   * @param sync whether the caller cannot wait for the issuer to be asked
   * @throws {RevocationsStale}
   */
  assertReady(sync: boolean): void {
    const { onStale } = this.#options;
    if (onStale === 'accept' || (onStale === 'introspect' && !sync)) return;
    if (this.#isStale(this.#feed.status)) throw stale(this.setUpError);
  }

  /** Asks the issuer about a token if the policy requires it; else returns undefined. */
  confirm(token: string): Promise<void> | undefined {
    if (this.#options.onStale !== 'introspect' || !this.#isStale(this.#feed.status)) {
      return undefined;
    }
    return this.#introspect(token);
  }

  #isStale({ staleness }: RevocationFeedStatus): boolean {
    return staleness === undefined || staleness > this.#options.maxStalenessMs;
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
      'This token is no longer accepted. Refresh it or sign in again.',
    );
  }

  /** Calls back when the status becomes stale: that happens as time passes, without a change of the feed. */
  #setAlarm(): void {
    this.#cancelAlarm?.();
    const { connected, staleness } = this.#feed.status;
    if (connected || staleness === undefined || this.#closed.signal.aborted) return;
    const ms = Math.max(0, this.#options.maxStalenessMs - staleness) + 1;
    this.#cancelAlarm = (this.#options.timers ?? systemTimers).start(ms, this.#options.onChange);
  }
}

/** @param cause why the issuer could not be asked about a token */
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
