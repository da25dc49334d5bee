/** The longest token accepted or made, in characters. */
export const MAX_TOKEN_LENGTH = 8192;
