import type { Summary } from './statistics.ts';

/** `12,345`, or `1.23` where the number is small. */
export function formatNumber(value: number): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** The median, and the spread behind it. */
export function formatSummary({ median, min, max }: Summary, digits?: number): string {
  const format = digits === undefined ? formatNumber : (value: number) => value.toFixed(digits);
  return `${format(median)} (${format(min)}–${format(max)})`;
}
