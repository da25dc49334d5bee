/**
 * Whether a password is on the list of common ones, whatever its case and width. The list has 17,950 entries of 8 or
 * more characters. It is read at the first call, and takes about 0.7 MB from then on.
 * @see NIST SP 800-63B-4 section 3.1.1.2
 * @param folded the password, case-folded
 */
export async function isCommonPassword(folded: string): Promise<boolean> {
  const { default: list } = await import('./common-passwords.json', { with: { type: 'json' } });
  return isInSorted(list.passwords, folded);
}

/** The list is sorted by code units, as `<` compares. */
function isInSorted(sorted: readonly string[], text: string): boolean {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const entry = sorted[middle] ?? '';
    if (entry === text) return true;
    if (entry < text) from = middle + 1;
    else to = middle;
  }
  return false;
}
