/** ms by the monotonic clock of this machine. All processes share it, and no change of the date affects it. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
