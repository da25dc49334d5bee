import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  AccessDenied,
  errorResponse,
  GuardNotReady,
  InvalidSetting,
  isLatchkeyError,
  RevocationsStale,
  ServerOverloaded,
  StoreUnavailable,
  TokenRefused,
  TryAgainLater,
} from 'latchkey/guard';

test('every error that may pass says when to try again', async () => {
  const errors = [
    new ServerOverloaded('Busy.', 2.1),
    new StoreUnavailable('Away.', { retryAfter: 3, cause: new Error('hidden') }),
    new GuardNotReady('Not yet.', 3),
    new RevocationsStale('Not heard.', 2.5),
  ];
  const codes = ['overloaded', 'store_unavailable', 'guard_not_ready', 'revocations_stale'];
  for (const [index, error] of errors.entries()) {
    assert.ok(error instanceof TryAgainLater);
    const response = errorResponse(error);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '3');
    assert.deepEqual(await response.json(), {
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      detail: error.message,
      code: codes[index],
    });
  }
  const kinds = [ServerOverloaded, StoreUnavailable, GuardNotReady, RevocationsStale];
  assert.ok(kinds.every((Kind) => new Kind('Later.').retryAfter === 1));
});

test('an error of another package of Latchkey in the same process gets the same response', async (t) => {
  // A second copy of the classes, as an app has that installed the guard alone beside the server.
  const kernel = fileURLToPath(
    import.meta.resolve('latchkey/guard').replace(/guard\/index\.ts$/, 'kernel'),
  );
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-errors-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(join(kernel, 'errors.ts'), join(folder, 'errors.ts'));
  cpSync(join(kernel, 'errors'), join(folder, 'errors'), { recursive: true });
  const copy: typeof import('latchkey/guard') = await import(
    pathToFileURL(join(folder, 'errors.ts')).href
  );
  assert.notEqual(copy.TokenRefused, TokenRefused);
  const pairs = [TokenRefused, copy.TokenRefused].map((Kind) => new Kind('token_expired', 'Old.'));
  const others = [
    [new AccessDenied('insufficient_scope', 'No.', ['a']), 403],
    [new copy.AccessDenied('insufficient_scope', 'No.', ['a']), 403],
    [new copy.ReauthenticationRequired(60), 401],
    [new copy.ServerOverloaded('Busy.', 2), 503],
    [new copy.InvalidInput([{ field: 'a', problem: 'No.' }]), 400],
  ] as const;
  for (const error of pairs) {
    assert.ok(isLatchkeyError(error));
    const response = errorResponse(error);
    assert.equal(response.status, 401);
    assert.equal(
      response.headers.get('www-authenticate'),
      'Bearer error="invalid_token", error_description="Old."',
    );
  }
  const responses = others.map(([error]) => errorResponse(error));
  assert.deepEqual(
    responses.map(({ status }) => status),
    others.map(([, status]) => status),
  );
  const challenges = responses.map(({ headers }) => headers.get('www-authenticate'));
  assert.match(challenges[0] ?? '', /insufficient_scope.*scope="a"/);
  assert.equal(challenges[1], challenges[0]);
  assert.match(challenges[2] ?? '', /insufficient_user_authentication.*max_age="60"/);
  assert.equal(responses[3]?.headers.get('retry-after'), '2');
  const invalid = await errorResponse(
    new copy.InvalidInput([{ field: 'a', problem: 'No.' }]),
  ).text();
  assert.deepEqual(JSON.parse(invalid).errors, [{ field: 'a', detail: 'No.' }]);
});

test('an error of another library is thrown, whatever its members', () => {
  for (const error of [
    Object.assign(new Error('x'), { status: 401, code: 'token_expired' }),
    { status: 401, code: 'token_expired', message: 'x' },
    new InvalidSetting('a', 'is wrong.', 'Fix it.'),
    undefined,
  ]) {
    assert.throws(
      () => errorResponse(error),
      (thrown) => thrown === error,
    );
  }
});
