import { createHmac } from 'node:crypto';
import { deriveRootKey, type RootKey } from '../keys/root-keys.ts';
import type { OneTimeSecretRecord } from '../ports/one-time-secrets.ts';
import { isSecretPurpose, SECRET_PURPOSES, type SecretPurpose } from './secret-purposes.ts';

/** What the MAC and the values are made of: the record, apart from the MAC itself. */
export type SecretContent = Omit<OneTimeSecretRecord, 'mac'> & { readonly purpose: SecretPurpose };

/** The two forms in which a secret is presented. */
export interface SecretValues {
  /** `lko_<purpose>_<id>_<256 bits>`. */
  readonly token: string;
  /** `XXXX-XXXX`, or six digits; null if the purpose has no code. */
  readonly code: string | null;
}

/** Crockford's base32: no I, L, O and U, which people confuse or misread. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TOKEN = /^lko_([a-z-]+)_([0-9a-f-]{36})_([\w-]{43})$/;

/** The parts of a token. Nothing is checked yet. */
export interface ParsedToken {
  readonly purpose: SecretPurpose;
  readonly id: string;
}

export function parseToken(token: string): ParsedToken | undefined {
  const [, purpose = '', id = ''] = TOKEN.exec(token) ?? [];
  return isSecretPurpose(purpose) ? { purpose, id } : undefined;
}

/**
 * Derives the values of a secret from its record. So a mail can be written from the record alone, at any time, and
 * nothing that would open an account is ever stored.
 */
export function deriveValues(root: RootKey, content: SecretContent): SecretValues {
  const { id, purpose } = content;
  const secret = authenticate(root, content, 'token').toString('base64url');
  return {
    token: `lko_${purpose}_${id}_${secret}`,
    code: formatCode(SECRET_PURPOSES[purpose].code, authenticate(root, content, 'code')),
  };
}

/** Computes the MAC over a record and its values. It begins with the id of the root key. */
export function createSecretMac(
  root: RootKey,
  content: SecretContent,
  { token, code }: SecretValues,
): string {
  return `${root.id}.${authenticate(root, content, 'record', token, code).toString('base64url')}`;
}

/** Identifies a browser in the database. The attack: a thief who reads the cookie itself there could present it. */
export function createBrowserMac(root: RootKey, browser: string): string {
  const key = deriveRootKey(root, 'one-time secrets of browsers v1');
  return createHmac('sha256', key).update(browser).digest('base64url');
}

/**
 * Normalises a code before it is compared: a person may type it in lower case, without the hyphen, or with letters
 * that look like digits.
 */
export function normaliseCode(code: string, kind: 'letters' | 'digits'): string {
  const typed = code.replace(/[\s-]/g, '');
  if (kind === 'digits') return typed;
  return typed.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
}

function authenticate(
  root: RootKey,
  { id, purpose, subject, data, browser, expiresAt, codeExpiresAt }: SecretContent,
  ...what: readonly (string | null)[]
): Buffer {
  const key = deriveRootKey(root, `one-time secrets: ${purpose} v1`);
  // As JSON, so that no two different lists of members have the same text.
  const text = [...what, id, purpose, subject, data, browser, expiresAt, codeExpiresAt];
  return createHmac('sha256', key).update(JSON.stringify(text)).digest();
}

function formatCode(kind: 'letters' | 'digits' | null, bytes: Buffer): string | null {
  if (kind === null) return null;
  // 48 bits make the six digits equally likely to within one part in a hundred million.
  if (kind === 'digits') return String(bytes.readUIntBE(0, 6) % 1_000_000).padStart(6, '0');
  const letters = Array.from(bytes.subarray(0, 8), (byte) => LETTERS[byte % LETTERS.length]);
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`;
}
