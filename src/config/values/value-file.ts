import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Refuse } from '../setting-error.ts';
import { refuseStrayCharacters } from './stray-characters.ts';

const FILE_MAX_BYTES = 64 * 1024;

/**
 * Reads the value of a secret setting from a file, as Docker and Kubernetes provide secrets: a regular file
 * of at most 64 KiB of UTF-8, or a link to one. One line break at its end is not part of the value.
 * @throws what `refuse` throws. Nothing of the file is quoted.
 */
export function readValueFile(path: string, refuse: Refuse): string {
  if (path === '') refuse('is empty.', 'Give the path of a file, or remove it.');
  refuseStrayCharacters(path, refuse);
  const bytes = readBytes(path, refuse);
  const text =
    decode(bytes) ?? refuse(`names ${path}, which is not valid UTF-8.`, 'Save it as UTF-8 text.');
  const value = text.replace(/\r?\n$/, '');
  if (value === '') refuse(`names ${path}, which is empty.`, 'Write the value into it.');
  return value;
}

function readBytes(path: string, refuse: Refuse): Uint8Array {
  let file: number | undefined;
  try {
    // A named pipe would keep the start waiting until a program writes into it.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!fstatSync(file).isFile()) {
      return refuse(`names ${path}, which is not a regular file.`, 'Name a file.');
    }
    const bytes = Buffer.alloc(FILE_MAX_BYTES + 1);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, bytes.length - length, null);
      if (read === 0) break;
      length += read;
    }
    if (length > FILE_MAX_BYTES)
      refuse(`names ${path}, which is larger than 64 KiB.`, 'Name the right file.');
    return bytes.subarray(0, length);
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    const code = 'code' in error ? String(error.code) : 'an error';
    return refuse(
      `names ${path}, which cannot be read (${code}).`,
      'Check that the file is there and that this user may read it.',
    );
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
