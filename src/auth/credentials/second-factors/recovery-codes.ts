import { createHmac } from 'node:crypto';
import { isSameSecret } from '../../../kernel/encoding/same-secret.ts';
import type { Random } from '../../../kernel/random.ts';
import { normaliseCode } from '../secret-values.ts';

/** How many codes a user gets. */
const RECOVERY_CODES = 10;

/** Crockford's base32: no I, L, O and U, which people confuse or misread. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LENGTH = 16;
const KEY_BYTES = 32;

/** Recovery codes, and what is stored of them. */
export interface NewRecoveryCodes {
  /** `XXXX-XXXX-XXXX-XXXX`: 80 bits each. */
  readonly codes: readonly string[];
  /** Base64url. To be sealed. */
  readonly key: string;
  readonly macs: readonly string[];
}

/** Creates recovery codes, with a key of their own. So a new root key seals the key again, and the codes stay good. */
export function createRecoveryCodes(random: Random): NewRecoveryCodes {
  const key = Buffer.from(random.bytes(KEY_BYTES)).toString('base64url');
  const codes = Array.from({ length: RECOVERY_CODES }, () => createCode(random));
  return { codes, key, macs: codes.map((code) => createMac(key, code)) };
}

/** Finds the MAC of a code among those of the codes that were not used. */
export function findRecoveryMac(
  key: string,
  code: string,
  macs: readonly string[],
): string | undefined {
  const mac = createMac(key, code);
  // All of them, so that the time does not tell which one it was.
  return macs.filter((it) => isSameSecret(it, mac))[0];
}

function createCode(random: Random): string {
  // 256 is a multiple of 32, so every letter is equally likely.
  const letters = Array.from(random.bytes(CODE_LENGTH), (byte) => LETTERS[byte % LETTERS.length]);
  return [0, 4, 8, 12].map((at) => letters.slice(at, at + 4).join('')).join('-');
}

function createMac(key: string, code: string): string {
  const bytes = Buffer.from(key, 'base64url');
  return createHmac('sha256', bytes).update(normaliseCode(code, 'letters')).digest('base64url');
}
