/** A form of ids that fit into four words of 32 bits. */
export interface IdForm {
  /** The last word; -1 where the id is not of this form for sure. Enough to look where it would be. */
  parseLast(id: string): number;
  /** Writes all four words; false where the id is not of this form. */
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

/** Reads digits of `bits` each; -1 where one is none. At most 32 bits in all. */
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

/** UUIDs in lower case, as sessions and users have. @see RFC 9562 section 4 */
export const uuidForm: IdForm = {
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

/** The 20 characters of base64url, 120 bits, that a `jti` of ours begins with. */
export const jtiForm: IdForm = {
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
