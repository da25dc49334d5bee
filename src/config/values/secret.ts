import { describeKnownMaterial } from '../../jwt/keys/known-material.ts';
import { findSecretWeakness } from '../../jwt/keys/secret-strength.ts';
import type { Refuse } from '../setting-error.ts';

/** The secret as it was written. Nothing of it is quoted. */
export function parseSecret(text: string, refuse: Refuse): string {
  // A node that reads a line break which another one drops would have another secret.
  if (text !== text.trim()) {
    refuse('begins or ends with white space.', 'Remove it, on every node alike.');
  }
  const known = describeKnownMaterial(text);
  if (known !== undefined) {
    refuse(`is ${known}, not a secret.`, 'Generate one: openssl rand -base64 48');
  }
  const weakness = findSecretWeakness(Buffer.from(text));
  if (weakness !== undefined) refuse('is too weak.', weakness);
  return text;
}
