import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandFailed } from '../failures.ts';
import type { Console } from './console.ts';
import { openTypedInput } from './typed-input.ts';

/** Questions to a person at a terminal. To be closed. */
export interface Dialogue {
  /**
   * Asks, and waits for a line. Nothing of the answer is shown when it is hidden.
   * @throws {CommandFailed} when the person gives up by Ctrl-C or Ctrl-D
   */
  ask(question: string): Promise<string>;
  close(): void;
}

export function openDialogue(console: Console, { hidden }: { hidden: boolean }): Dialogue {
  // The line editor shows what is typed by writing it here.
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
  // A line may come before it is asked for: both of a pasted pair in one piece.
  const lines: string[] = [];
  let isOver = false;
  let wake = () => {};
  editor.on('line', (line) => {
    lines.push(line);
    wake();
  });
  editor.on('SIGINT', () => editor.close());
  editor.on('close', () => {
    isOver = true;
    wake();
  });
  return {
    async ask(question) {
      if (hidden) console.ask(question);
      else {
        editor.setPrompt(question);
        editor.prompt();
      }
      if (lines.length === 0 && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const line = lines.shift();
      if (hidden || line === undefined) console.note('');
      if (line === undefined) throw new CommandFailed('Cancelled: nothing was done.');
      return typed.restore(line);
    },
    close() {
      editor.close();
      typed.close();
    },
  };
}
