/** Freezes parsed JSON and all that is in it. The parser has bounded its depth. */
export function deepFreeze(value: object): void {
  const children = Array.isArray(value) ? value : Object.values(value);
  for (let at = 0; at < children.length; at++) {
    const child: unknown = children[at];
    if (typeof child === 'object' && child !== null) deepFreeze(child);
  }
  Object.freeze(value);
}
