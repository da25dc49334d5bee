import { isUtf8 } from 'node:buffer';

/**
 * Decodes strictly: undefined where the bytes are not well-formed UTF-8, instead of replacement
 * characters that would make two different inputs equal. A byte order mark is kept as U+FEFF.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('utf8');
}
