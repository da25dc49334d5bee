/** The command line or the input is wrong. The message says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command failed. The message is complete: no class name or stack is printed with it. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
