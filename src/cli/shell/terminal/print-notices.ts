import type { Notice } from '../../../auth/notice.ts';
import type { Console } from './console.ts';

/** Prints what a start repaired or found doubtful, on standard error. */
export function printWarnings(console: Console, notices: readonly Notice[]): void {
  for (const { level, text } of notices) if (level === 'warning') console.warn(text);
}
