/** Freezes parsed JSON through and through. The depth is bounded by whoever parsed it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const name in value) deepFreeze(value[name]);
  return Object.freeze(value);
}
