/**
 * Removes spaces and tabs from both ends, and nothing else. `trim()` also removes U+00A0, U+FEFF and more, so that two
 * different names become equal, and a prefix such as `__Host-` can be faked.
 * @see RFC 9110 section 5.6.3
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Whether a character code is that of a space or a tab. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Converts A to Z to lower case, and no other letters: the case of header values is ignored for these only. */
export function toAsciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * Reads the type and subtype of a `Content-Type` header, in lower case and without parameters; `''` without a header.
 * @see RFC 9110 section 8.3.1
 */
export function readMediaType(header: string | null | undefined): string {
  if (header === null || header === undefined) return '';
  const semicolon = header.indexOf(';');
  return toAsciiLowerCase(trimBlanks(semicolon === -1 ? header : header.slice(0, semicolon)));
}
