import { createHash } from 'node:crypto';

/**
 * The source by which a Content-Security-Policy allows exactly this style or script of a page.
 * @see https://www.w3.org/TR/CSP3/#match-element-to-source-list
 */
export function createCspHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
