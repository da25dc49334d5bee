import { createHmac, hash, type KeyObject } from 'node:crypto';
import { Scratch } from '../encoding/scratch.ts';
import { MAX_TEXT_BYTES, MAX_TOKEN_LENGTH } from './limits.ts';

type Digest = 'sha256' | 'sha384' | 'sha512';

const INNER = 0x36;
const OUTER = 0x5c;

/**
 * Creates a function that returns the HMAC of a text (its UTF-8 bytes) in base64url.
 *
 * It is put together from two one-shot hashes, as HMAC is defined: `createHmac` makes a stream object
 * for each call, and that alone costs more than all the hashing in a token.
 * @see RFC 2104 section 2
 */
export function createMac(digest: Digest, key: KeyObject): (text: string) => string {
  const blockBytes = digest === 'sha256' ? 64 : 128;
  const digestBytes = { sha256: 32, sha384: 48, sha512: 64 }[digest];
  const keyBlock = createKeyBlock(digest, key, blockBytes);
  const message = new Scratch(blockBytes + MAX_TEXT_BYTES);
  const inner = message.bytes;
  const outer = Buffer.alloc(blockBytes + digestBytes);
  for (const [at, byte] of keyBlock.entries()) {
    inner[at] = byte ^ INNER;
    outer[at] = byte ^ OUTER;
  }
  return (text) => {
    // What does not surely fit must not be cut: a cut text would have the code of its beginning.
    if (text.length > MAX_TOKEN_LENGTH) {
      return createHmac(digest, key).update(text).digest('base64url');
    }
    const end = blockBytes + inner.write(text, blockBytes, 'utf8');
    outer.write(hash(digest, message.first(end), 'latin1'), blockBytes, 'latin1');
    return hash(digest, outer, 'base64url');
  };
}

/** The key, or where it is longer than a block its hash, filled up with zeros. */
function createKeyBlock(digest: Digest, key: KeyObject, blockBytes: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const secret = key.export();
  block.set(secret.byteLength > blockBytes ? hash(digest, secret, 'buffer') : secret);
  return block;
}
