/** One event of a stream. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface StreamEvent {
  /** `message` where the stream does not name it. */
  readonly name: string;
  readonly data: string;
}

/** Characters. Our server sends some 20,000 at once. */
const LONGEST_LINE = 256 * 1024;
const LONGEST_EVENT = 512 * 1024;
/** What an id must be; any other is ignored. */
const POSITION = /^\d{1,15}$/;

/**
 * Reads server-sent events from bytes as they come. A stream that is not UTF-8, or whose lines or events
 * have no end, is refused: whoever is at the other end must not fill this process's memory.
 */
export class EventStreamReader {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #dispatch: (event: StreamEvent) => void;
  #rest = '';
  #data: string[] = [];
  #length = 0;
  #name = '';
  #pendingId: string | undefined;
  #lastId: string | undefined;

  constructor(dispatch: (event: StreamEvent) => void) {
    this.#dispatch = dispatch;
  }

  /** The id of the last event that ended, or of one before it. */
  get lastId(): string | undefined {
    return this.#lastId;
  }

  /** @throws {RangeError} for what is too long @throws {TypeError} for bytes that are not UTF-8 */
  push(bytes: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    let start = 0;
    for (const match of text.matchAll(/\r\n|\n|\r/g)) {
      // What follows a carriage return tells whether it is half a line break.
      if (match[0] === '\r' && match.index === text.length - 1) break;
      this.#takeLine(text.slice(start, match.index));
      start = match.index + match[0].length;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length > LONGEST_LINE) throw tooLong();
  }

  #takeLine(line: string): void {
    if (line.length > LONGEST_LINE) throw tooLong();
    if (line === '') {
      this.#endEvent();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#name = value;
    else if (field === 'id' && POSITION.test(value)) this.#pendingId = value;
    else if (field === 'data') {
      this.#length += value.length + 1;
      if (this.#length > LONGEST_EVENT) throw tooLong();
      this.#data.push(value);
    }
  }

  #endEvent(): void {
    const event = { name: this.#name || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#name = '';
    this.#data = [];
    this.#length = 0;
    // First what it says, then that it was heard: what throws in between is asked for again.
    if (!isEmpty) this.#dispatch(event);
    this.#lastId = this.#pendingId ?? this.#lastId;
  }
}

function tooLong(): RangeError {
  return new RangeError('the stream has a line or an event that is too long');
}
