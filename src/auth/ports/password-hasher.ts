/** Hashes passwords. It is slow on purpose, and works outside of the event loop. */
export interface PasswordHasher {
  /**
   * @throws {InvalidInput} when the password is not well-formed Unicode
   * @throws {ServerOverloaded} when the queue is full
   */
  hash(password: string): Promise<string>;
  /**
   * Compares a password with a stored hash. The attack: to learn from the response time whether a user exists. So the
   * hash null takes as long as a real one; it never matches.
   * @returns `outdated`: the hash should be replaced, because its algorithm or cost is not the configured one
   * @throws {ServerOverloaded} when the queue is full
   */
  verify(hash: string | null, password: string): Promise<{ ok: boolean; outdated: boolean }>;
  /**
   * Finds why no password can match this hash. A hasher without this method accepts every hash.
   * @returns the end of a sentence, or undefined if a password may match
   */
  findHashProblem?(hash: string): string | undefined;
  /** Finishes the hashes under way. */
  close(): Promise<void>;
}
