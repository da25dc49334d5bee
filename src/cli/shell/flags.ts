/** The options that were given, by their names without dashes. */
export class Flags {
  readonly #given: ReadonlyMap<string, readonly (string | true)[]>;

  constructor(given: ReadonlyMap<string, readonly (string | true)[]>) {
    this.#given = given;
  }

  has(name: string): boolean {
    return this.#given.has(name);
  }

  /** The value of an option; the last one if it was given several times. */
  find(name: string): string | undefined {
    const value = this.#given.get(name)?.at(-1);
    return typeof value === 'string' ? value : undefined;
  }

  all(name: string): string[] {
    return (this.#given.get(name) ?? []).filter((value) => typeof value === 'string');
  }
}
