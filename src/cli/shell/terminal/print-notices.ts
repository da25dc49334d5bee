import type { Notice } from '../../../auth/notice.ts';
import type { Console } from './console.ts';

/** Warns of what a start repaired or doubts. On standard error: it is not the answer. */
export function printWarnings(console: Console, notices: readonly Notice[]): void {
  for (const { level, text } of notices) if (level === 'warning') console.warn(text);
}
