/** Whether a password matches a hash. */
export interface PasswordVerdict {
  readonly ok: boolean;
  /** Whether a hash that matches should be replaced, because its algorithm or cost is not the configured one. */
  readonly outdated: boolean;
}

/** Who waits for a hash. */
export interface HashingTerms {
  /**
   * True: a caller who has proved nothing yet. Strangers get half of the queue, and their hashes wait behind all
   * others. The attack: a flood of sign-ins keeps out the people who sign in from their usual devices. Default false.
   */
  readonly isStranger?: boolean;
}

/** Hashes passwords. It is slow on purpose, and works outside of the event loop. */
export interface PasswordHasher {
  /**
   * @throws {InvalidInput} when the password is not well-formed Unicode
   * @throws {ServerOverloaded} when the queue is full
   */
  hash(password: string, terms?: HashingTerms): Promise<string>;
  /**
   * Compares a password with a stored hash. The attack: to learn from the response time whether a user exists, or which
   * two names belong to one user. So the hash null takes as long as the decoy, and never matches; and a refusal takes
   * as long as that of the most expensive decoy that is expected.
   * @param decoy made by {@link createDecoy}. Default: one of the cost of new hashes
   * @throws {ServerOverloaded} when the queue is full
   */
  verify(
    hash: string | null,
    password: string,
    decoy?: string,
    terms?: HashingTerms,
  ): Promise<PasswordVerdict>;
  /**
   * Makes a decoy: a hash of the same kind and cost that no password is known to match.
   * @returns undefined if no password can match the hash itself
   */
  createDecoy?(hash: string): string | undefined;
  /** Says which decoys are like the hashes that are stored, in place of those of the last call. */
  expectDecoys?(decoys: readonly string[]): void;
  /**
   * Tells before anything is read or written that a hash would be refused now. A hasher without this method tells by
   * refusing the hash.
   * @throws {ServerOverloaded} when the queue is full
   */
  assertRoom?(terms?: HashingTerms): void;
  /**
   * Finds why no password can match this hash. A hasher without this method accepts every hash.
   * @returns the end of a sentence, or undefined if a password may match
   */
  findHashProblem?(hash: string): string | undefined;
  /** Finishes the hashes under way. */
  close(): Promise<void>;
}
