/** The command line cannot be understood. The message says what would be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It was understood and cannot be done; the message is all there is to say. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
