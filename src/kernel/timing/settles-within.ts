/**
 * Waits until a promise settles, for `limitMs` at most. What it rejects with is the business of whoever else
 * holds it.
 * @returns whether it settled in time
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
