/** What stands in a {@link TokenTable}. */
export interface TableEntry<Self> {
  readonly token: string;
  /** Another one under the same key; the table's own. */
  next: Self | undefined;
}

/**
 * Entries by their whole token. To look a text up V8 hashes it first, and one that just came over the wire
 * has no hash: that would take longer than all else a look-up does. So the key is a number made of a few
 * characters, and the text is compared. What is in here was verified, so nobody chooses signatures that
 * share a key.
 */
export class TokenTable<Entry extends TableEntry<Entry>> {
  readonly #first = new Map<number, Entry>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(token: string): Entry | undefined {
    let entry = this.#first.get(toKey(token));
    while (entry !== undefined && entry.token !== token) entry = entry.next;
    return entry;
  }

  /** @param entry whose token is not there */
  add(entry: Entry): void {
    const key = toKey(entry.token);
    entry.next = this.#first.get(key);
    this.#first.set(key, entry);
    this.#size++;
  }

  /** @param entry that is there */
  remove(entry: Entry): void {
    const key = toKey(entry.token);
    let before = this.#first.get(key);
    if (before !== entry) {
      while (before !== undefined && before.next !== entry) before = before.next;
      if (before !== undefined) before.next = entry.next;
    } else if (entry.next === undefined) {
      this.#first.delete(key);
    } else {
      this.#first.set(key, entry.next);
    }
    this.#size--;
  }

  clear(): void {
    this.#first.clear();
    this.#size = 0;
  }
}

/** 30 bits of the signature, without its last character, which may stand for as little as two bits. */
function toKey(token: string): number {
  const end = token.length - 2;
  return (
    (token.charCodeAt(end) & 63) |
    ((token.charCodeAt(end - 1) & 63) << 6) |
    ((token.charCodeAt(end - 2) & 63) << 12) |
    ((token.charCodeAt(end - 3) & 63) << 18) |
    ((token.charCodeAt(end - 4) & 63) << 24)
  );
}
