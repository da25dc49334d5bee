import type { Parse, Refuse } from './setting-error.ts';
import { quote } from './setting-error.ts';

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

const DURATION = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/;

/**
 * Parses `90` (seconds), `500ms`, `90s`, `15m`, `24h` or `30d`.
 * @returns seconds, to the millisecond
 */
function parseDuration(text: string, refuse: Refuse): number {
  const [, amount, unit = 's'] = DURATION.exec(text) ?? [];
  const factor = SECONDS_PER_UNIT[unit];
  if (amount === undefined || factor === undefined) {
    return refuse(
      `${quote(text)} is not a duration.`,
      'Give a number of seconds, or a number with a unit: 500ms, 90s, 15m, 24h, 30d.',
    );
  }
  return Math.round(Number(amount) * factor * 1000) / 1000;
}

/** A parser of durations in whole seconds between two bounds, both allowed. */
export function durationBetween(least: string, most: string): Parse<number> {
  return (text, refuse) => {
    const seconds = parseDuration(text, refuse);
    const [from, to] = [parseDuration(least, refuse), parseDuration(most, refuse)];
    if (seconds < from) refuse(`${text} is too short.`, `The least is ${least}.`);
    if (seconds > to) refuse(`${text} is too long.`, `The most is ${most}.`);
    return seconds;
  };
}

/** The same, for what a token states, where time has no fractions. */
export function wholeSecondsBetween(least: string, most: string): Parse<number> {
  const parse = durationBetween(least, most);
  return (text, refuse) => {
    const seconds = parse(text, refuse);
    if (!Number.isInteger(seconds)) {
      refuse(`${text} is not a whole number of seconds.`, 'Tokens expire on the second. Round it.');
    }
    return seconds;
  };
}
