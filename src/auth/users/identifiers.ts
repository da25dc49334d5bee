import { domainToASCII } from 'node:url';

const USERNAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._+-]*$/u;
const EMAIL_LOCAL = /^[^\s\p{C}@"(),:;<>[\\\]]+$/u;
const DOMAIN =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/** White space, and format characters: zero width, byte order mark, marks of direction. */
const INVISIBLE = /^[\s\p{Cf}]$/u;

/**
 * Trims a username or an email address that was typed or pasted: blanks, tabs, line breaks, and invisible characters, such
 * as the marks of direction that a contact list adds. No name can have these, so no other user is meant. Passwords are
 * never trimmed.
 */
export function trimIdentifier(text: string): string {
  let start = 0;
  let end = text.length;
  // Not a regular expression: that would scan a long run of blanks again from each of its characters.
  while (start < end && INVISIBLE.test(text.charAt(start))) start++;
  while (end > start && INVISIBLE.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Characters a username may have. */
export const USERNAME_MAX = 64;
/** Characters an email address may have. @see RFC 5321 section 4.5.3.1 */
export const EMAIL_MAX = 254;

/**
 * Normalises a username for comparison. Names that differ only in case, in width or in how their accents are composed
 * are one: no second `Alice` beside `alice`. A name has letters, marks, digits and `. _ + -` only, so it has no white
 * space, no invisible character, and no `@`, which marks an email address. Look-alikes of different scripts are
 * not detected.
 * @returns undefined if the text is not a valid username
 */
export function findUsernameKey(username: string): string | undefined {
  const key = foldCase(username);
  return USERNAME.test(username.normalize('NFC')) && USERNAME.test(key) ? key : undefined;
}

/**
 * Normalises an email address for comparison: case-folded, with its domain in ASCII form. The address may receive no mail.
 * @returns undefined if the text is not a valid address
 */
export function findEmailKey(email: string): string | undefined {
  const at = email.lastIndexOf('@');
  const local = email.slice(0, at);
  if (at < 1 || local.length > 64 || !EMAIL_LOCAL.test(local)) return undefined;
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) return undefined;
  const domain = email.slice(at + 1);
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(domain)) return undefined;
  const ascii = domainToASCII(domain.toLowerCase());
  return DOMAIN.test(ascii) ? `${foldCase(local)}@${ascii}` : undefined;
}

/** NFKC with simple case folding. Upper case first, so that ß equals ss and ſ equals s. */
export function foldCase(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
