import { JsonRefused } from './json-refused.ts';
import { assertShallow, assertStrictMembers } from './json-scan.ts';

/** @see parseJson */
export interface ParseJsonOptions {
  /** How deep objects and arrays may be nested. Default 32. */
  readonly maxDepth?: number;
}

/** A JSON object: what `{…}` parses to. */
export type JsonObject = Record<string, unknown>;

/** Whether a value is an object, and neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses JSON that means the same to every reader. It also refuses what `JSON.parse` accepts: a member name that appears
 * twice in one object, nesting deeper than `maxDepth`, the member names `__proto__` and `constructor` (prototype
 * pollution), a number too large for a double, and unpaired surrogates. Deep nesting cannot overflow the stack.
 * @throws {JsonRefused}
 * @see RFC 8259 section 4, RFC 7493 section 2
 */
export function parseJson(text: string, options: ParseJsonOptions = {}): unknown {
  const maxDepth = options.maxDepth ?? 32;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    assertShallow(text, maxDepth);
    throw new JsonRefused('syntax', 'This is not JSON.');
  }
  assertShallow(text, maxDepth);
  if (!isWrittenBack(text, value)) assertStrictMembers(text);
  return value;
}

/**
 * Whether `JSON.stringify` turns the value into exactly this text. Then parsing dropped no member and changed no number,
 * and the text need not be scanned, which would take three times as long. A text with escapes is always scanned: an
 * escape may be half of a surrogate pair, which `JSON.stringify` writes as the same escape.
 */
function isWrittenBack(text: string, value: unknown): boolean {
  return !/\\u|__proto__|constructor/.test(text) && JSON.stringify(value) === text;
}
