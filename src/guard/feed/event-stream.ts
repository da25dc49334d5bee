/** One event of a stream. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface StreamEvent {
  /** `message` if the stream does not name the event. */
  readonly name: string;
  readonly data: string;
}

/** In characters. Our server sends up to some 20,000 in one line. */
const MAX_LINE_LENGTH = 256 * 1024;
const MAX_EVENT_LENGTH = 512 * 1024;
/** A position in the revocation log. Other ids are ignored. */
const POSITION = /^\d{1,15}$/;

/**
 * Reads server-sent events from bytes as they come. It refuses a stream that is not UTF-8, or whose lines or events are
 * too long, so that a server cannot fill the memory of this process.
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

  /** The last id of an event that was complete. */
  get lastId(): string | undefined {
    return this.#lastId;
  }

  /** @throws {RangeError} for what is too long @throws {TypeError} for bytes that are not UTF-8 */
  push(bytes: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    let start = 0;
    for (const match of text.matchAll(/\r\n|\n|\r/g)) {
      // The line break may be a carriage return and a line feed that has not come yet.
      if (match[0] === '\r' && match.index === text.length - 1) break;
      this.#takeLine(text.slice(start, match.index));
      start = match.index + match[0].length;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length > MAX_LINE_LENGTH) throw tooLong();
  }

  #takeLine(line: string): void {
    if (line.length > MAX_LINE_LENGTH) throw tooLong();
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
      if (this.#length > MAX_EVENT_LENGTH) throw tooLong();
      this.#data.push(value);
    }
  }

  #endEvent(): void {
    const event = { name: this.#name || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#name = '';
    this.#data = [];
    this.#length = 0;
    // The id counts only after the event was handled. If that throws, the guard asks for the event again.
    if (!isEmpty) this.#dispatch(event);
    this.#lastId = this.#pendingId ?? this.#lastId;
  }
}

function tooLong(): RangeError {
  return new RangeError('the stream has a line or an event that is too long');
}
