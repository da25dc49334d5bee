import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  errorResponse,
  GuardNotReady,
  Overloaded,
  RevocationsStale,
  StoreUnavailable,
  TryAgainLater,
} from 'latchkey/guard';

test('whatever may succeed later says when to try again', async () => {
  const errors = [
    new Overloaded('Busy.', 2.1),
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
  const kinds = [Overloaded, StoreUnavailable, GuardNotReady, RevocationsStale];
  assert.ok(kinds.every((Kind) => new Kind('Later.').retryAfter === 1));
});
