/**
 * Names the prepared statements, on all connections alike. There are few statements, because none has a value in its
 * text.
 */
export class StatementNames {
  readonly #names = new Map<string, string>();
  #made = 0;

  nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `latchkey_${this.#made++}`;
    this.#names.set(text, name);
    return name;
  }

  /**
   * Gives up all names if this one is in use. Every statement is then prepared again under a new name, on all
   * connections. Call it when a plan is stale: each connection of the pool has its own plan, so a call that runs again
   * would fail on one connection after another.
   */
  retire(name: string): void {
    // Several calls may fail on old names after the first of them has already given these up.
    if ([...this.#names.values()].includes(name)) this.#names.clear();
  }
}
