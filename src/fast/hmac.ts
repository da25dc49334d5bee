import { hash, type KeyObject } from 'node:crypto';
import { type CreateMac, createPlainMac, type Digest } from './plain-hmac.ts';

const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
const BLOCK_BYTES: Readonly<Record<Digest, number>> = { sha256: 64, sha384: 128, sha512: 128 };
const DIGEST_BYTES: Readonly<Record<Digest, number>> = { sha256: 32, sha384: 48, sha512: 64 };
/** Longer texts are left to the plain twin. No token is longer. */
const MAX_TEXT_LENGTH = 8192;
/** UTF-8 takes at most three bytes for one UTF-16 code unit. */
const MAX_TEXT_BYTES = MAX_TEXT_LENGTH * 3;

/**
 * As {@link createPlainMac}, by two one-shot hashes, which is how HMAC is defined. `createHmac` creates a native object for
 * each call, which takes longer than hashing a token.
 *
 * The function is synchronous and never calls itself, so its two buffers are never in use twice. They hold the key.
 * @see RFC 2104 section 2
 */
export const createMac: CreateMac = (digest, key) => {
  const blockBytes = BLOCK_BYTES[digest];
  const inner = Buffer.alloc(blockBytes + MAX_TEXT_BYTES);
  const outer = Buffer.alloc(blockBytes + DIGEST_BYTES[digest]);
  for (const [at, byte] of createKeyBlock(digest, key, blockBytes).entries()) {
    inner[at] = byte ^ INNER_PAD;
    outer[at] = byte ^ OUTER_PAD;
  }
  const createLongMac = createPlainMac(digest, key);
  return (text) => {
    // A text that does not fit would be cut, and get the code of its beginning.
    if (text.length > MAX_TEXT_LENGTH) return createLongMac(text);
    const end = blockBytes + inner.write(text, blockBytes, 'utf8');
    // As text: with a buffer of its own, each hash would take half as long again.
    outer.write(hash(digest, inner.subarray(0, end), 'latin1'), blockBytes, 'latin1');
    return hash(digest, outer, 'base64url');
  };
};

/** The key, or its hash if it is longer than a block, filled up with zeros. */
function createKeyBlock(digest: Digest, key: KeyObject, blockBytes: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const secret = key.export();
  block.set(secret.byteLength > blockBytes ? hash(digest, secret, 'buffer') : secret);
  return block;
}
