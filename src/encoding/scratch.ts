/** Memory that is written anew each time: to make a buffer for each text takes longer than to fill it. */
export class Scratch {
  readonly bytes: Buffer;
  #seen: Buffer;

  /** @param size in bytes */
  constructor(size: number) {
    this.bytes = Buffer.alloc(size);
    this.#seen = this.bytes;
  }

  /** Its first `length` bytes, not copied. */
  first(length: number): Buffer {
    // Most have the length of the last, and a view is an object too.
    if (this.#seen.length !== length) this.#seen = this.bytes.subarray(0, length);
    return this.#seen;
  }
}
