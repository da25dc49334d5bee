/**
 * Names a lease and the value that its holder stored. A verb that is given it writes nothing if another value is
 * stored, in the same transaction.
 */
export interface Fence {
  /** The name in the shared state. */
  readonly name: string;
  readonly value: string;
}

/** The verbs for the state that all nodes of a database share: values by name. */
export interface NodeStateStore {
  /**
   * Stores `value` under `name` in the state that all nodes share, unless a greater number is stored there.
   * @returns the number that is stored now
   */
  setMax(args: { name: string; value: number }): Promise<number>;

  /**
   * Stores `value` under `name` in the state that all nodes share if `expected` is stored there. A name that was
   * never written holds `''`.
   * @returns the value that is stored now
   */
  compareAndSet(args: { name: string; expected: string; value: string }): Promise<string>;
}
