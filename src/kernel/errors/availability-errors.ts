import { LatchkeyError } from './latchkey-error.ts';

/** The request is valid and may succeed later. */
export abstract class TryAgainLater extends LatchkeyError {
  /** Seconds after which the caller may try again. Default 1. */
  readonly retryAfter: number;
  constructor(message: string, retryAfter = 1, options?: { cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfter = retryAfter;
  }
  override get status(): 503 {
    return 503;
  }
}

/** There is more work than can be queued. Nothing was done; try again. */
export class ServerOverloaded extends TryAgainLater {
  override readonly code = 'overloaded';
}

/** The database does not answer, or refuses to write. */
export class StoreUnavailable extends TryAgainLater {
  override readonly code = 'store_unavailable';
  constructor(message: string, options?: { cause?: unknown; retryAfter?: number }) {
    super(message, options?.retryAfter, options);
  }
}

/** A guard has no keys yet, so it cannot verify any token. It keeps asking its issuer. */
export class GuardNotReady extends TryAgainLater {
  override readonly code = 'guard_not_ready';
}

/** A guard has not heard of revocations for longer than its `maxStaleness`, and its `onStale` is not `accept`. */
export class RevocationsStale extends TryAgainLater {
  override readonly code = 'revocations_stale';
}

/** The request leads to a mail, and the server has no way to send one. */
export class MailUnavailable extends LatchkeyError {
  override readonly code = 'mail_unavailable';
  constructor() {
    super('This server cannot send mail. Its operator has to set LATCHKEY_MAIL_URL.');
  }
  override get status(): 503 {
    return 503;
  }
}
