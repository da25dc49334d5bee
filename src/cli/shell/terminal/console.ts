import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

export interface Output extends Writable {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface Input extends Readable {
  readonly isTTY?: boolean | undefined;
  /** Of a terminal: whether keys come as they are pressed, unseen and unedited. */
  setRawMode?(isRaw: boolean): unknown;
}

/** The surroundings of a command: the process's, or a test's. */
export interface CliIo {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** The `.env` file. Default: the one in the working directory, if it is there. False: none. */
  readonly envFile?: string | false | undefined;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Where a command speaks. Answers go to standard output, everything said beside them to standard error. */
export class Console {
  readonly #surroundings: CliIo;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #colours: boolean;

  constructor(surroundings: CliIo) {
    this.#surroundings = surroundings;
    this.#stdout = surroundings.stdout;
    this.#stderr = surroundings.stderr;
    const { NO_COLOR, TERM } = surroundings.env;
    // https://no-color.org
    this.#colours = (NO_COLOR ?? '') === '' && TERM !== 'dumb';
  }

  get stdin(): Input {
    return this.#surroundings.stdin;
  }

  /** Columns of text; what is not a terminal has as many as a common one. */
  get width(): number {
    return Math.min(Math.max(this.#stdout.columns ?? 100, 40), 120);
  }

  /** Whether a person sees what is said beside the answers. */
  get isInteractive(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** Resolves when nobody reads the answers any more, as after `| head`. */
  untilClosed(): Promise<void> {
    return new Promise((resolve) => {
      for (const event of ['close', 'error']) this.#stdout.once(event, () => resolve());
    });
  }

  print(text = ''): void {
    this.#stdout.write(`${text}\n`);
  }

  /** One JSON value on a line of its own. */
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

  /** A text to be answered on the same line. Not on standard output, which may be a file. */
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
