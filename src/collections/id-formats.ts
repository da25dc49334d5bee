/** A format of ids that fit into four words of 32 bits. */
export interface IdFormat {
  /** Reads the last word, which the hash is made of. -1: the id does not have this format. Does not check the rest. */
  parseLast(id: string): number;
  /** Reads all four words. @returns false where the id does not have this format */
  parse(id: string, into: Uint32Array): boolean;
}

const INVALID = 0x80;

function createDigits(alphabet: string): Uint8Array {
  const digits = new Uint8Array(128).fill(INVALID);
  for (const [value, digit] of [...alphabet].entries()) digits[digit.charCodeAt(0)] = value;
  return digits;
}

const HEX = createDigits('0123456789abcdef');
const BASE64URL = createDigits('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

/** Reads digits of `bits` each, 32 bits in total at most. @returns -1 where a character is not a digit */
function readDigits(
  digits: Uint8Array,
  bits: number,
  text: string,
  start: number,
  end: number,
): number {
  let value = 0;
  let seen = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    const digit = code < 128 ? (digits[code] ?? INVALID) : INVALID;
    seen |= digit;
    value = (value << bits) | digit;
  }
  return seen >= INVALID ? -1 : value >>> 0;
}

const DASH = 0x2d;

/** UUIDs in lower case. @see RFC 9562 section 4 */
export const uuidFormat: IdFormat = {
  parseLast: (id) => (id.length === 36 ? readDigits(HEX, 4, id, 28, 36) : -1),
  parse(id, into) {
    if (id.length !== 36) return false;
    for (const at of [8, 13, 18, 23]) if (id.charCodeAt(at) !== DASH) return false;
    const parts = [
      readDigits(HEX, 4, id, 0, 8),
      readDigits(HEX, 4, id, 9, 13),
      readDigits(HEX, 4, id, 14, 18),
      readDigits(HEX, 4, id, 19, 23),
      readDigits(HEX, 4, id, 24, 28),
      readDigits(HEX, 4, id, 28, 36),
    ] as const;
    if (parts.includes(-1)) return false;
    const [first, second, third, fourth, fifth, last] = parts;
    into[0] = first;
    into[1] = (second << 16) | third;
    into[2] = (fourth << 16) | fifth;
    into[3] = last;
    return true;
  },
};

/** 120 bits as 20 characters of base64url. What follows them is not read. */
export const base64urlFormat: IdFormat = {
  parseLast: (id) => readDigits(BASE64URL, 6, id, 15, 20),
  parse(id, into) {
    for (let word = 0; word < 4; word++) {
      const value = readDigits(BASE64URL, 6, id, word * 5, word * 5 + 5);
      if (value === -1) return false;
      into[word] = value;
    }
    return true;
  },
};
