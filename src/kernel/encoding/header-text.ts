/**
 * Removes spaces and tabs from both ends, and nothing else. `trim()` also removes U+00A0, U+FEFF and more:
 * then two names that differ on the wire become one, and a prefix such as `__Host-` can be faked.
 * @see RFC 9110 section 5.6.3
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Whether it is the code of a space or a tab. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Lower case for A to Z alone, as header values that ignore case mean it. */
export function toAsciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * The type and subtype of a `Content-Type` header, in lower case and without parameters; `''` where there
 * is no header.
 * @see RFC 9110 section 8.3.1
 */
export function readMediaType(header: string | null | undefined): string {
  if (header === null || header === undefined) return '';
  const semicolon = header.indexOf(';');
  return toAsciiLowerCase(trimBlanks(semicolon === -1 ? header : header.slice(0, semicolon)));
}
