import type { Notice } from '../auth/notice.ts';
import type { Latchkey } from './latchkey.ts';

const taken = new WeakSet<object>();

/**
 * The notices about a start, for the first caller only: either the command line prints them, or the app's logger has
 * them, but never both.
 */
export function takeNotices({
  auth,
  notices,
}: Pick<Latchkey, 'auth' | 'notices'>): readonly Notice[] {
  if (taken.has(auth)) return [];
  taken.add(auth);
  return notices;
}
