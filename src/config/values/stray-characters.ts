import type { Refuse } from '../setting-error.ts';

/** Invisible at either end: blanks, marks of byte order and direction, joiners. */
const OUTER_BLANK = /^[\s\p{Cf}]|[\s\p{Cf}]$/u;
/** Line ends and other control characters, of ASCII and of Unicode. */
const CONTROL_CHARACTER = /[\p{Cc}\u2028\u2029]/u;
const OUTER_QUOTE = /^["'`“”‘’]|["'`“”‘’]$/u;

/**
 * Refuses characters that came along by accident: a carriage return of a Windows file, a line break that
 * the shell kept, quotes that `docker run --env-file` does not remove. As part of a path or a name they
 * would lead to another place, and a new, empty database there.
 * @throws what `refuse` throws. The text is not quoted: it may hold a password.
 */
export function refuseStrayCharacters(text: string, refuse: Refuse): void {
  const [found] = CONTROL_CHARACTER.exec(text) ?? [];
  if (found !== undefined) {
    const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    const what = { '\r': 'a carriage return', '\n': 'a line break', '\t': 'a tab' }[found];
    refuse(
      `has ${what ?? 'a control character'} (U+${code}) in it.`,
      'Remove it. Files written on Windows have one at the end of each line.',
    );
  }
  if (OUTER_BLANK.test(text)) {
    refuse('begins or ends with a blank or an invisible character.', 'Remove it.');
  }
  if (OUTER_QUOTE.test(text)) {
    refuse(
      'begins or ends with a quotation mark, which is taken as part of the value.',
      'Remove the quotes: docker run --env-file takes each line as it is.',
    );
  }
}
