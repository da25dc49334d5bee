/**
 * Encodes bytes, or the UTF-8 bytes of a string, without padding.
 * @see RFC 4648 section 5, RFC 7515 section 2
 */
export function encodeBase64url(data: Uint8Array | string): string {
  if (typeof data === 'string') return Buffer.from(data, 'utf8').toString('base64url');
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64url');
}

/**
 * Decodes strictly: undefined for padding, `+`, `/`, white space, any other character outside of the alphabet, an
 * impossible length, and trailing bits that are not zero. So exactly one text stands for some bytes, and a token cannot
 * be spelled in a second way that is still accepted.
 * @see RFC 4648 section 3.5
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
