/**
 * Refuses a setting, under the name by which it was given.
 * @throws {InvalidSetting} always
 */
export type Refuse = (problem: string, fix: string) => never;

/** Turns a text into a value, or refuses it. */
export type Parse<T> = (text: string, refuse: Refuse) => T;

const QUOTE_MAX_CHARACTERS = 60;

/** The value as an error may show it: on one line, and shortened. Never for a secret. */
export function quote(text: string): string {
  return JSON.stringify(
    text.length > QUOTE_MAX_CHARACTERS
      ? `${text.slice(0, QUOTE_MAX_CHARACTERS).toWellFormed()}…`
      : text,
  );
}
