/** How many characters tokens may have if what carries them, such as a cookie, holds less than a verifier accepts. */
export interface TokenLimits {
  /** What carries the tokens, for the message: `a cookie`. */
  readonly carrier: string;
  /** Characters. */
  readonly accessToken: number;
  /** Characters. */
  readonly refreshToken: number;
}

/**
 * Call this before anything is written: a refresh whose new tokens cannot be delivered must not use up the old one.
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
