/** How many characters the tokens of a sign-in may have, where what carries them holds less than a verifier accepts. */
export interface TokenLimits {
  /** What sets the limits, for the message: `a cookie`. */
  readonly carrier: string;
  readonly accessToken: number;
  readonly refreshToken: number;
}

/**
 * To be called before anything is written: a token that does not arrive must not use up another one.
 * @throws {RangeError}
 */
export function assertTokensFit(
  tokens: { readonly accessToken: string; readonly refreshToken: string },
  limits: TokenLimits,
): void {
  for (const kind of ['accessToken', 'refreshToken'] as const) {
    const { length } = tokens[kind];
    if (length <= limits[kind]) continue;
    throw new RangeError(
      `The token would have ${length} characters, and ${limits[kind]} are the most that fit into ` +
        `${limits.carrier}. ${ADVICE[kind]}, or send it in the body.`,
    );
  }
}

const ADVICE = {
  accessToken: 'Put less into its claims',
  refreshToken: 'Its length follows from the issuer: give that a shorter path',
} as const;
