/** How long something that was left open may keep the process alive once its work is done. */
const EXIT_LIMIT_MS = 1_000;

/**
 * Ends the process, which ends by itself when nothing is left open. A connection that the other side does not close,
 * for example, would keep a program alive that has said why it cannot start, and nobody would start it again.
 */
export function endSoon(): void {
  setTimeout(() => {
    // What was written last may still be on its way.
    process.stdout.write('', () => process.stderr.write('', () => process.exit()));
  }, EXIT_LIMIT_MS).unref();
}
