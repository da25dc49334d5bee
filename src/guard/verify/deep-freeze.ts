/** Freezes parsed JSON through and through. The depth is bounded by whoever parsed it. */
export function deepFreeze(value: object): void {
  const children = Array.isArray(value) ? value : Object.values(value);
  for (let at = 0; at < children.length; at++) {
    const child: unknown = children[at];
    if (typeof child === 'object' && child !== null) deepFreeze(child);
  }
  Object.freeze(value);
}
