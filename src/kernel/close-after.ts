/**
 * Does some work, then closes what it used, whether the work succeeded or not. If both fail, this throws the error of the
 * work: the close usually fails as a consequence, and must not hide the cause.
 */
export async function closeAfter<T>(
  work: () => Promise<T>,
  close: () => Promise<unknown>,
): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
  await close();
  return result;
}
