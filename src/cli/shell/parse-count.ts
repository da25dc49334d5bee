import { UsageError } from './failures.ts';

/**
 * Reads the value of an option that is a whole number.
 * @param name of the option, without dashes
 * @throws {UsageError} if it is not a number from `least` to `most`, which is 9999 at most
 */
export function parseCount(name: string, text: string, least: number, most: number): number {
  const count = Number(text);
  if (/^\d{1,4}$/.test(text) && count >= least && count <= most) return count;
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}.`);
}
