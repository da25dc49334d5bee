import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

export interface Output extends Writable {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface Input extends Readable {
  readonly isTTY?: boolean | undefined;
  /** On a terminal: switches echo and line editing off, so that each key arrives as it is pressed. */
  setRawMode?(isRaw: boolean): unknown;
}

/** What a command reads from and writes to: the process's own, or a test's. */
export interface CliIo {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Path of the `.env` file; false for none. Default: the one in the working directory, if it exists. */
  readonly envFile?: string | false | undefined;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Prints for a command: results on standard output, everything else on standard error. */
export class Console {
  readonly #io: CliIo;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #colours: boolean;

  constructor(io: CliIo) {
    this.#io = io;
    this.#stdout = io.stdout;
    this.#stderr = io.stderr;
    const { NO_COLOR, TERM } = io.env;
    // https://no-color.org
    this.#colours = (NO_COLOR ?? '') === '' && TERM !== 'dumb';
  }

  get stdin(): Input {
    return this.#io.stdin;
  }

  /** How many columns text may take. */
  get width(): number {
    return Math.min(Math.max(this.#stdout.columns ?? 100, 40), 120);
  }

  /** Whether standard error is a terminal. */
  get isInteractive(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** Resolves when the reader of standard output has gone, as after `| head`. */
  untilClosed(): Promise<void> {
    return new Promise((resolve) => {
      for (const event of ['close', 'error']) this.#stdout.once(event, () => resolve());
    });
  }

  print(text = ''): void {
    this.#stdout.write(`${text}\n`);
  }

  /** Prints one JSON value on a line. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  note(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.note(`${this.#style(this.#stderr, 'yellow', 'warning:')} ${text}`);
  }

  fail(text: string): void {
    this.note(`${this.#style(this.#stderr, 'red', 'error:')} ${text}`);
  }

  /** Prints a question, to be answered on the same line. Standard output may be a file, so it is not used. */
  ask(text: string): void {
    this.#stderr.write(text);
  }

  strong(text: string): string {
    return this.#style(this.#stdout, 'bold', text);
  }

  faint(text: string): string {
    return this.#style(this.#stdout, 'dim', text);
  }

  #style(stream: Output, style: Style, text: string): string {
    if (!this.#colours || stream.isTTY !== true) return text;
    return styleText(style, text, { validateStream: false });
  }
}
