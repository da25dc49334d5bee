/** Freezes parsed JSON through and through. The depth is bounded by whoever parsed it. */
export function deepFreeze(value: object): void {
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && child !== null) deepFreeze(child);
  }
  Object.freeze(value);
}
