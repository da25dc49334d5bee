import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import type { TestAnswer } from './server.ts';

/** Stands in every secret that the tests of bad input send. No answer may hold it. */
export const MARKER = 'm4rk3r';

/** What no answer may show: a stack, a path, a hash, a secret that came with the request. */
export function assertDiscreet(text: string, name: string): void {
  for (const inner of [MARKER, 'node_modules', '.ts:', '    at ', '$argon2', 'SQLITE', 'eyJ']) {
    assert.equal(text.includes(inner), false, `${name}: the answer holds ${inner}: ${text}`);
  }
}

/** One problem document as RFC 9457 and our contract have it. */
export function assertProblem(answer: TestAnswer, status: number, name = ''): void {
  const { headers, text, body } = answer;
  assert.equal(answer.status, status, `${name}: ${answer.status} ${text}`);
  assert.equal(headers.get('content-type'), 'application/problem+json', name);
  assert.equal(headers.get('cache-control'), 'no-store', name);
  assert.equal(headers.get('x-content-type-options'), 'nosniff', name);
  const { errors, max_age, acr_values: _, ...members } = body;
  const needsStepUp = members['code'] === 'insufficient_user_authentication';
  assert.equal(typeof max_age, needsStepUp ? 'number' : 'undefined', name);
  const problem = withoutStep(members, name);
  assert.deepEqual(
    Object.keys(problem).sort(),
    ['code', 'detail', 'status', 'title', 'type'],
    name,
  );
  assert.equal(problem['type'], 'about:blank', name);
  assert.equal(problem['title'], STATUS_CODES[status], name);
  assert.equal(problem['status'], status, name);
  assert.match(problem['code'], /^[a-z]+(_[a-z]+)*$/, name);
  assert.match(problem['detail'], /^\S.+[.…!"'\w>]$/s, name);
  if (errors !== undefined) {
    assert.ok(Array.isArray(errors) && errors.length > 0, name);
    for (const { code, ...each } of errors) {
      assert.deepEqual(Object.keys(each), ['field', 'detail'], name);
      if (code !== undefined) assert.match(code, /^[a-z]+(_[a-z]+)*$/, name);
    }
  }
  if (status === 401) assert.match(headers.get('www-authenticate') ?? '', /^Bearer/, name);
  assertDiscreet(text, name);
}

/** Without what a sign-in that needs one more step is told: all of it, or nothing. */
function withoutStep(body: TestAnswer['body'], name: string): TestAnswer['body'] {
  const { challenge, expires_in, methods, enroll, ...others } = body;
  assert.equal(methods === undefined, enroll === undefined, name);
  if (challenge !== undefined || expires_in !== undefined) {
    assert.match(challenge, /^lko_[\w-]+$/, name);
    assert.ok(Number.isSafeInteger(expires_in) && expires_in > 0, name);
  }
  return others;
}

/** A refusal of the token endpoint. @see RFC 6749 section 5.2 */
export function assertOAuthError(answer: TestAnswer, status: number, name = ''): void {
  assert.equal(answer.status, status, `${name}: ${answer.status} ${answer.text}`);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/, name);
  assert.equal(answer.headers.get('cache-control'), 'no-store', name);
  assert.equal(answer.headers.get('pragma'), 'no-cache', name);
  const { code, ...members } = answer.body;
  const refusal = withoutStep(members, name);
  assert.equal(code !== undefined, 'challenge' in members, name);
  assert.deepEqual(Object.keys(refusal), ['error', 'error_description'], name);
  assert.match(answer.body['error_description'], /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, name);
  assertDiscreet(answer.text, name);
}
