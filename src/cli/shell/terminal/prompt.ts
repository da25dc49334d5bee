import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandFailed } from '../failures.ts';
import type { Console } from './console.ts';
import { openTypedInput } from './typed-input.ts';

/** Asks a person at a terminal. Must be closed. */
export interface Prompt {
  /**
   * Asks, and waits for a line.
   * @throws {CommandFailed} if the person presses Ctrl-C or Ctrl-D
   */
  ask(question: string): Promise<string>;
  close(): void;
}

/** @param hidden whether the terminal shows nothing of what is typed */
export function openPrompt(console: Console, { hidden }: { hidden: boolean }): Prompt {
  // The line editor echoes what is typed to this stream.
  const echo = new Writable({
    write(chunk, _encoding, done) {
      if (!hidden) console.ask(String(chunk));
      done();
    },
  });
  const typed = openTypedInput(console.stdin);
  const editor = createInterface({
    input: typed.stream,
    output: echo,
    terminal: true,
    historySize: 0,
  });
  // A line may come before it is asked for, as when a password is pasted twice in one piece.
  const lines: string[] = [];
  let isClosed = false;
  let wake = () => {};
  editor.on('line', (line) => {
    lines.push(line);
    wake();
  });
  editor.on('SIGINT', () => editor.close());
  editor.on('close', () => {
    isClosed = true;
    wake();
  });
  return {
    async ask(question) {
      if (hidden) console.ask(question);
      else {
        editor.setPrompt(question);
        editor.prompt();
      }
      if (lines.length === 0 && !isClosed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const line = lines.shift();
      if (hidden || line === undefined) console.note('');
      if (line === undefined) throw new CommandFailed('Cancelled. Nothing was changed.');
      return typed.restore(line);
    },
    close() {
      editor.close();
      typed.close();
    },
  };
}
