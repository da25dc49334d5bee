/**
 * Marks the errors of every copy of this code in a process. Several packages contain it, and `instanceof` in one of
 * them does not recognise the errors of another.
 */
const BRAND = Symbol.for('latchkey.error');

/**
 * Every failure Latchkey can name. Each has a stable `code`, and a `message` that tells a person what to do next. A
 * message never quotes a token, a password, a hash or a key.
 *
 * Tell errors apart by `code`, not by `instanceof`: an app may have two packages of Latchkey installed.
 *
 * ```ts
 * try {
 *   guard.verify(token);
 * } catch (error) {
 *   if (isLatchkeyError(error) && error.code === 'token_expired') return refresh();
 *   throw error;
 * }
 * ```
 */
export abstract class LatchkeyError extends Error {
  /** Stable and meant for programs, in snake_case: `token_expired`. */
  abstract readonly code: string;
  /** The name of the class. */
  override get name(): string {
    return this.constructor.name;
  }
  /** The HTTP status of the response. Undefined for failures that no client causes: it sees a 500 without details. */
  get status(): number | undefined {
    return undefined;
  }
  /** The `error` of OAuth endpoints. @see RFC 6749 section 5.2 */
  get oauthError(): string {
    const { status = 500 } = this;
    if (status === 429 || status === 503) return 'temporarily_unavailable';
    return status >= 500 ? 'server_error' : 'invalid_request';
  }
  /** The `error` in a Bearer challenge. Undefined: the challenge names none. @see RFC 6750 section 3.1, RFC 9470 section 3 */
  get bearerError(): string | undefined {
    return undefined;
  }
  get [BRAND](): true {
    return true;
  }
}

/** Whether this is an error of Latchkey, from whichever of its packages. */
export function isLatchkeyError(error: unknown): error is LatchkeyError {
  return error instanceof Error && BRAND in error;
}
