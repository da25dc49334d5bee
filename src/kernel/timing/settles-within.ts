/**
 * Waits until a promise settles, for `limitMs` at most. It ignores what the promise rejects with.
 * @returns whether the promise settled in time
 */
export async function settlesWithin(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), limitMs);
  const settled = work.then(
    () => true,
    () => true,
  );
  const isSettled = await Promise.race([settled, late]);
  clearTimeout(timer);
  return isSettled;
}
