import { isUtf8 } from 'node:buffer';

/** What Node.js puts in place of what is not well-formed. */
const REPLACEMENT = '\ufffd';

/**
 * Decodes strictly: undefined where the bytes are not well-formed UTF-8, instead of replacement
 * characters that would make two different inputs equal. A byte order mark is kept as U+FEFF.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  // The character may have been sent as itself.
  return text.includes(REPLACEMENT) && !isUtf8(bytes) ? undefined : text;
}
