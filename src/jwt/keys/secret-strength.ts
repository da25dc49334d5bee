import { decodeUtf8 } from '../../kernel/encoding/utf8.ts';

/**
 * Secrets from tutorials, documentation and placeholder generators, which every attacker's word list contains. In lower
 * case, letters and digits only.
 */
const WELL_KNOWN = new Set([
  '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
  '404e635266556a586e3272357538782f413f4428472b4b6250645367566b5970',
  '413f4428472b4b6250655368566d5970337336763979244226452948404d6351',
  '5367566b59703373367639792f423f4528482b4d6251655468576d5a71347437',
  '3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b',
  'b91028378997c0b3581821456edefd0ec7958f953f8c1a6dd856e2de27f0d7e0',
  'yq3t6w9zcfjncrfujxn2r5u7xa',
  'qwertyuiopasdfghjklzxcvbnm123456',
  'abcdefghijklmnopqrstuvwxyz0123456789',
  'keyboardcat',
  'shhhhh',
]);

/**
 * Words of which placeholders consist. A secret with little else was written to be replaced. No plurals: in `bit-secret`
 * they would match the `s` of the next word.
 */
const PLACEHOLDER_WORDS =
  /authentication|application|development|characters|production|generated|algorithm|replace|password|changeit|changeme|default|encoded|example|private|encrypt|signing|minimum|latchkey|string|change|random|secure|secret|server|should|update|please|access|token|hs\d\d\d|admin|super|local|least|shared|value|never|about|learn|need|byte|hello|world|very|this|that|must|your|here|long|with|test|demo|key|auth|jwt|bit|char|from|some|make|sure|hmac|base|safe|user|http|256|384|512|123\d*|sha|the|and|for|not|use|dev|api|app|env|you|my|is|in|at|be|do|it|me|of|or|to|an/g;

const HOW_TO_FIX = 'Make a random one: openssl rand -base64 48';

/**
 * Finds out why a shared secret is too weak; undefined if it is not. Anyone who has an HMAC token can try billions of
 * secrets a second, offline. This does not measure entropy: it finds well-known secrets, repetitions and placeholders.
 * @returns a sentence that says what is wrong and how to fix it; it never quotes the secret
 */
export function findSecretWeakness(secret: Uint8Array, minimumBytes = 32): string | undefined {
  if (secret.byteLength < minimumBytes) {
    return `The secret has ${secret.byteLength} bytes and needs at least ${minimumBytes}. ${HOW_TO_FIX}`;
  }
  if (new Set(secret).size < 7 || isPeriodic(secret) || isSequence(secret)) {
    return `The secret repeats itself. ${HOW_TO_FIX}`;
  }
  const text = decodeUtf8(secret)?.toLowerCase();
  if (text !== undefined && isPublished(text)) {
    return `The secret is a well-known example or a placeholder. ${HOW_TO_FIX}`;
  }
  return undefined;
}

function isPublished(text: string): boolean {
  const plain = text.replace(/[^\p{L}\p{N}]/gu, '');
  if (WELL_KNOWN.has(plain)) return true;
  // Mostly punctuation, or digits only, so not made of words.
  if (plain.length * 2 < text.length || /^\d+$/.test(plain)) return false;
  return plain.replace(PLACEHOLDER_WORDS, '').length < 8;
}

/** Whether one part is repeated at least twice, the last time perhaps cut off. */
function isPeriodic(bytes: Uint8Array): boolean {
  for (let period = 1; period <= bytes.length / 2; period++) {
    if (bytes.every((byte, at) => at < period || byte === bytes[at - period])) return true;
  }
  return false;
}

/** Whether most bytes differ from the byte before by the same step: 0123…, abcd…, zyxw…. */
function isSequence(bytes: Uint8Array): boolean {
  const steps = new Map<number, number>();
  for (let at = 1; at < bytes.length; at++) {
    const step = (bytes[at] ?? 0) - (bytes[at - 1] ?? 0);
    steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  return Math.max(...steps.values()) > bytes.length * 0.7;
}
