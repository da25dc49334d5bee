import type { Fetch } from '../../kernel/http/fetch-document.ts';
import type { ConnectFeed } from './feed-connection.ts';

/** Requests the feed by `fetch`. On Node.js an open feed then keeps the process alive until the guard is closed. */
export function connectByFetch(fetch: Fetch): ConnectFeed {
  return async (url, headers, signal) => {
    const response = await fetch(url, {
      headers,
      // The key must not go to another address.
      redirect: 'manual',
      credentials: 'omit',
      cache: 'no-store',
      signal,
    });
    return {
      status: response.status,
      contentType: response.headers.get('content-type'),
      body: response.body ?? NOTHING,
      unref: () => undefined,
    };
  };
}

const NOTHING: AsyncIterable<never> = { async *[Symbol.asyncIterator]() {} };
