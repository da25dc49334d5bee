/** The exit codes of the program. Scripts may rely on them. */
export const exitCode = {
  ok: 0,
  /** The command was understood, but failed. */
  failure: 1,
  /** The command line, the input or a setting is wrong. Nothing was changed. */
  usage: 2,
} as const;
