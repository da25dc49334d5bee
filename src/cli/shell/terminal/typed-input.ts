import { Transform, type TransformCallback } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Input } from './console.ts';

/**
 * `node:readline` ends a line at U+2028 and U+2029 too, which may be part of a pasted password. Until the
 * line is complete, these noncharacters, which no text has, stand in for them.
 */
const substitutes = new Map([
  ['\u2028', '\ufdd0'],
  ['\u2029', '\ufdd1'],
]);
const originals = new Map([...substitutes].map(([original, substitute]) => [substitute, original]));

export interface TypedInput {
  /** For `node:readline`. */
  readonly stream: Transform;
  /** The line as it was typed. */
  restore(line: string): string;
  close(): void;
}

/** What is typed at a terminal, in which only Enter ends a line. */
export function openTypedInput(stdin: Input): TypedInput {
  const decoder = new StringDecoder('utf8');
  const stream = Object.assign(
    new Transform({
      decodeStrings: false,
      transform(chunk: Buffer | string, _encoding, done: TransformCallback) {
        const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
        done(null, replace(text, substitutes));
      },
    }),
    { setRawMode: (isRaw: boolean) => stdin.setRawMode?.(isRaw) },
  );
  stdin.pipe(stream);
  return {
    stream,
    restore: (line) => replace(line, originals),
    close() {
      stdin.unpipe(stream);
      // It would keep the process alive.
      stdin.pause();
    },
  };
}

function replace(text: string, by: ReadonlyMap<string, string>): string {
  return [...by].reduce((made, [from, to]) => made.replaceAll(from, to), text);
}
