import { Transform, type TransformCallback } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Input } from './console.ts';

/**
 * `node:readline` also ends a line at U+2028 and U+2029, which a pasted password may contain. Until the line is complete
 * they are replaced by noncharacters, which no text contains.
 */
const SUBSTITUTES = new Map([
  ['\u2028', '\ufdd0'],
  ['\u2029', '\ufdd1'],
]);
const ORIGINALS = new Map([...SUBSTITUTES].map(([original, substitute]) => [substitute, original]));

export interface TypedInput {
  /** For `node:readline`. */
  readonly stream: Transform;
  /** The line as it was typed. */
  restore(line: string): string;
  close(): void;
}

/** Reads what is typed at a terminal, in such a way that only Enter ends a line. */
export function openTypedInput(stdin: Input): TypedInput {
  const decoder = new StringDecoder('utf8');
  const stream = Object.assign(
    new Transform({
      decodeStrings: false,
      transform(chunk: Buffer | string, _encoding, done: TransformCallback) {
        const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
        done(null, replace(text, SUBSTITUTES));
      },
    }),
    { setRawMode: (isRaw: boolean) => stdin.setRawMode?.(isRaw) },
  );
  stdin.pipe(stream);
  return {
    stream,
    restore: (line) => replace(line, ORIGINALS),
    close() {
      stdin.unpipe(stream);
      // An open standard input keeps the process alive.
      stdin.pause();
    },
  };
}

function replace(text: string, pairs: ReadonlyMap<string, string>): string {
  return [...pairs].reduce((result, [from, to]) => result.replaceAll(from, to), text);
}
