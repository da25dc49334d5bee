import { isUtf8 } from 'node:buffer';

/** Node.js replaces bytes that are not well-formed by this character. */
const REPLACEMENT = '\ufffd';

/**
 * Decodes strictly: undefined if the bytes are not well-formed UTF-8. Replacement characters would make two different
 * inputs equal. A byte order mark is kept as U+FEFF.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  // The bytes may contain this very character.
  return text.includes(REPLACEMENT) && !isUtf8(bytes) ? undefined : text;
}
