/** Whether this is a whole number of 0 or more that a JavaScript number holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
