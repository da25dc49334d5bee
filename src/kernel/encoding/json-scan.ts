import { JsonRefused } from './json-refused.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const FORBIDDEN_MEMBERS = new Set(['__proto__', 'constructor']);

/** Asserts that the nesting stays within `maxDepth`. The text need not be JSON. */
export function assertShallow(text: string, maxDepth: number): void {
  // Most texts have fewer brackets than levels are allowed, and counting them takes a tenth of the time.
  if (countOf('{', text) + countOf('[', text) <= maxDepth) return;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > maxDepth) {
        throw new JsonRefused('too_deep', `This JSON is nested more than ${maxDepth} levels deep.`);
      }
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
    }
  }
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) count++;
  return count;
}

/** The position of the quote that ends the string begun at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return text.length;
}

/** Asserts what `JSON.parse` does not check. The text must be valid JSON. */
export function assertStrictMembers(text: string): void {
  // For each object and array around the current position: the member names so far, or null for an array.
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      const value = stringAt(text, at, end);
      if (isMemberName(text, end)) assertMember(value, open.at(-1) ?? new Set());
      at = end;
    } else if (code === OPEN_BRACE) {
      open.push(new Set());
    } else if (code === OPEN_BRACKET) {
      open.push(null);
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      open.pop();
    } else if (code === MINUS || isDigit(code)) {
      at = endOfNumber(text, at);
    }
  }
}

function stringAt(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  const value = raw.includes('\\') ? unquote(text.slice(start, end + 1)) : raw;
  if (!value.isWellFormed()) {
    throw new JsonRefused('unpaired_surrogate', 'This JSON contains half of a surrogate pair.');
  }
  return value;
}

function unquote(quoted: string): string {
  const value: unknown = JSON.parse(quoted);
  return typeof value === 'string' ? value : '';
}

function isMemberName(text: string, endOfName: number): boolean {
  let at = endOfName + 1;
  while (isWhiteSpace(text.charCodeAt(at))) at++;
  return text.charCodeAt(at) === COLON;
}

function assertMember(name: string, seen: Set<string>): void {
  const shown = JSON.stringify(name.length > 40 ? `${name.slice(0, 40).toWellFormed()}…` : name);
  if (FORBIDDEN_MEMBERS.has(name)) {
    throw new JsonRefused('forbidden_member', `The member ${shown} is not allowed.`, name);
  }
  if (seen.has(name)) {
    throw new JsonRefused('duplicate_member', `The member ${shown} appears twice.`, name);
  }
  seen.add(name);
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isNumberPart(text.charCodeAt(end))) end++;
  if (!Number.isFinite(Number(text.slice(start, end)))) {
    throw new JsonRefused('number_too_large', 'This JSON contains a number that is too large.');
  }
  return end - 1;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isNumberPart(code: number): boolean {
  // digits . + - e E
  return (
    isDigit(code) || code === 0x2e || code === 0x2b || code === MINUS || (code | 0x20) === 0x65
  );
}

function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
