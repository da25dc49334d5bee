/**
 * Gives up on a setting. It knows the setting's name as the person wrote it.
 * @throws {InvalidSetting} always
 */
export type Refuse = (problem: string, fix: string) => never;

/** Turns what a person wrote into a value, or refuses it. */
export type Parse<T> = (text: string, refuse: Refuse) => T;

const longestQuote = 60;

/** The value as an error may show it: on one line and not endless. Never for a secret. */
export function quote(text: string): string {
  return JSON.stringify(
    text.length > longestQuote ? `${text.slice(0, longestQuote).toWellFormed()}…` : text,
  );
}
