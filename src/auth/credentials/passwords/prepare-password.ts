/**
 * Prepares a password for comparison, so that it is the same from every keyboard: `é` may arrive as one code point or
 * as two, and some systems type a space that does not break. Every space becomes U+0020, and the text NFC. Case and
 * width stay, and nothing is trimmed.
 *
 * Unlike OpaqueString, this prohibits nothing: control characters and unassigned code points are accepted.
 * @see RFC 8265 section 4.2.2, NIST SP 800-63B-4 section 3.1.1.2
 */
export function preparePassword(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}
