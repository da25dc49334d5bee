import { domainToASCII } from 'node:url';

const USERNAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._+-]*$/u;
const EMAIL_LOCAL = /^[^\s\p{C}@"(),:;<>[\\\]]+$/u;
const DOMAIN =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/** White space, and format characters: zero width, byte order mark, marks of direction. */
const UNSEEN = /^[\s\p{Cf}]$/u;

/**
 * Takes off what surrounds a username or an email address that was typed or pasted: blanks, tabs, line breaks,
 * and what nobody sees, such as the marks of direction that a contact list adds. No name can hold these, so
 * nobody else is meant. Never for a password.
 */
export function trimIdentifier(text: string): string {
  let start = 0;
  let end = text.length;
  // Not one expression: that would look at a long run of blanks again from each of its characters.
  while (start < end && UNSEEN.test(text.charAt(start))) start++;
  while (end > start && UNSEEN.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Characters a username may have. */
export const USERNAME_MAX = 64;
/** Characters an email address may have. @see RFC 5321 section 4.5.3.1 */
export const EMAIL_MAX = 254;

/**
 * What makes a username unique: two names that differ only in case, in width or in how their accents
 * are composed are one. Stops a second `Alice` beside `alice`.
 * Letters, marks, digits and `. _ + -` only, so no name holds white space, an invisible character, or
 * the `@` that tells an email address. It does not detect look-alikes of different scripts.
 * @returns undefined when the name is not one
 */
export function findUsernameKey(username: string): string | undefined {
  const key = fold(username);
  return USERNAME.test(username.normalize('NFC')) && USERNAME.test(key) ? key : undefined;
}

/**
 * What makes an email address unique: case-folded, its domain in ASCII form. It does not prove that
 * the address receives mail.
 * @returns undefined when the text is not an address
 */
export function findEmailKey(email: string): string | undefined {
  const at = email.lastIndexOf('@');
  const local = email.slice(0, at);
  if (at < 1 || local.length > 64 || !EMAIL_LOCAL.test(local)) return undefined;
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) return undefined;
  const domain = email.slice(at + 1);
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(domain)) return undefined;
  const ascii = domainToASCII(domain.toLowerCase());
  return DOMAIN.test(ascii) ? `${fold(local)}@${ascii}` : undefined;
}

/** NFKC with simple case folding; upper first, so that ß and ſ meet their kin. */
function fold(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
