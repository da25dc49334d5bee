/**
 * The names that statements are prepared under, which are the same on every connection. Statements are few:
 * none has a value in its text.
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
   * Gives up all names if this is one in use: whatever was prepared under them on any connection is prepared
   * again, under new ones. To be called when a plan turns out to be stale: each connection of the pool has its
   * own, so a call that is run again would fail on one connection after another.
   */
  retire(name: string): void {
    // Several calls fail on old names while the first of them has already given these up.
    if ([...this.#names.values()].includes(name)) this.#names.clear();
  }
}
