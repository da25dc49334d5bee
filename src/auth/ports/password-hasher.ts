/** Turns passwords into stored hashes. Slow on purpose and never on the event loop. */
export interface PasswordHasher {
  /** @throws {Overloaded} when the queue is full */
  hash(password: string): Promise<string>;
  /**
   * Compares exactly. An absent `hash` costs the same as a real one and is never `ok`, so that the
   * time an answer takes does not tell whether a user exists.
   * @throws {Overloaded} when the queue is full
   */
  verify(hash: string | null, password: string): Promise<{ ok: boolean; outdated: boolean }>;
  /**
   * Why no password can ever match this hash, as the end of a sentence; undefined: one may. A hasher without it
   * takes every hash for one that may be matched.
   */
  findHashProblem?(hash: string): string | undefined;
  close(): Promise<void>;
}
