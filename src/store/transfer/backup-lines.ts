import { open } from 'node:fs/promises';
import { decodeUtf8 } from '../../kernel/encoding/utf8.ts';

const NEWLINE = 0x0a;
/** No line of a backup is longer. The limit keeps another file from filling the memory. */
const LONGEST_LINE_BYTES = 128 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** One line of a backup. */
export interface BackupLine {
  /** As in the file, with the byte that ends the line. */
  readonly bytes: Uint8Array;
  /** Undefined: this is not a line of a backup. */
  readonly value: unknown;
  /** False for a line at the end of the file without its line break. */
  readonly isEnded: boolean;
}

/**
 * Reads a file line by line. Only the byte 0x0A ends a line, as the writer uses no other. `node:readline` also splits at
 * U+2028, U+2029 and a carriage return, which JSON may contain.
 */
export async function* readBackupLines(path: string): AsyncGenerator<BackupLine> {
  await using handle = await open(path, 'r');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let parts: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length);
    if (bytesRead === 0) break;
    const read = chunk.subarray(0, bytesRead);
    for (let start = 0; start < read.length; ) {
      const newline = read.indexOf(NEWLINE, start);
      const end = newline === -1 ? read.length : newline + 1;
      // A copy: the next read goes into the same memory.
      parts.push(Buffer.from(read.subarray(start, end)));
      length += end - start;
      start = end;
      if (length > LONGEST_LINE_BYTES) {
        yield { bytes: Buffer.concat(parts, length), value: undefined, isEnded: true };
        return;
      }
      if (newline === -1) continue;
      yield readLine(Buffer.concat(parts, length), true);
      parts = [];
      length = 0;
    }
  }
  if (length > 0) yield readLine(Buffer.concat(parts, length), false);
}

function readLine(bytes: Buffer, isEnded: boolean): BackupLine {
  const text = decodeUtf8(bytes);
  return { bytes, value: text === undefined ? undefined : parseLine(text), isEnded };
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
