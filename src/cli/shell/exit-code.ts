/** What the program ends with. Scripts may rely on it. */
export const exitCode = {
  ok: 0,
  /** It was understood and could not be done. */
  failure: 1,
  /** The command line, the input or a setting is wrong; nothing was done. */
  usage: 2,
} as const;
