import { connect, type Socket } from 'node:net';

const END_OF_HEADERS = Buffer.from('\r\n\r\n');
/** The end of `Content-Length: `, which matches both common spellings. */
const LENGTH = Buffer.from('ength: ');
const EMPTY = Buffer.alloc(0);

export interface Listener {
  /** Receives each answer in turn. `body` is a view that is valid only during the call. */
  onAnswer(status: number, body: Buffer): void;
  /** Called after all answers of one packet, so that the next requests share a packet too. */
  onPause(): void;
  onError(error: Error): void;
}

/**
 * A keep-alive connection that speaks as much HTTP/1.1 as our servers do: every answer has a
 * Content-Length. It does little per answer, because the client shares two cores with the server.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #listener: Listener;
  #rest: Buffer = EMPTY;

  private constructor(socket: Socket, listener: Listener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => listener.onError(error));
    socket.on('close', () => listener.onError(new Error('The server closed a connection.')));
  }

  static open(port: number, listener: Listener): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket, listener));
      });
    });
  }

  /** Sends one request or several. */
  send(requests: string): void {
    this.#socket.write(requests, 'latin1');
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (;;) {
      const headers = data.indexOf(END_OF_HEADERS, start);
      if (headers === -1) break;
      const body = headers + 4;
      const end = body + readLength(data, start, headers);
      if (end > data.length) break;
      this.#listener.onAnswer(
        readNumber(data, start + 'HTTP/1.1 '.length),
        data.subarray(body, end),
      );
      start = end;
    }
    this.#rest = start === data.length ? EMPTY : data.subarray(start);
    if (start > 0) this.#listener.onPause();
  }
}

function readLength(data: Buffer, start: number, end: number): number {
  const at = data.indexOf(LENGTH, start);
  return at === -1 || at > end ? 0 : readNumber(data, at + LENGTH.length);
}

/** The decimal number that begins here. */
function readNumber(data: Buffer, at: number): number {
  let number = 0;
  for (
    let digit = data[at];
    digit !== undefined && digit >= 48 && digit <= 57;
    digit = data[++at]
  ) {
    number = number * 10 + digit - 48;
  }
  return number;
}
