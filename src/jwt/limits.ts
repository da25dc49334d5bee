/** The longest token accepted or made, in characters. */
export const MAX_TOKEN_LENGTH = 8192;

/** Of a token. UTF-8 takes at most three bytes for one UTF-16 code unit. */
export const MAX_TEXT_BYTES = MAX_TOKEN_LENGTH * 3;
