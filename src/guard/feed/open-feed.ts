import { readMediaType } from '../../kernel/encoding/header-text.ts';
import { assertFetchable, unreachable } from '../../kernel/http/fetch-document.ts';
import type { ConnectFeed, FeedResponse } from './feed-connection.ts';
import { explainRefusal } from './feed-refusal.ts';

/** Where a feed is, and what opens it. */
export interface FeedAddress {
  /** Returns the URL of the feed. Called before each attempt, and may throw while the URL is not known. */
  readonly locate: () => string | Promise<string>;
  /** The key of the guard: `lkg_…`. */
  readonly key: string;
  readonly connect: ConnectFeed;
  /** Whether http to other machines is allowed. */
  readonly allowHttp: boolean;
}

/**
 * Requests a feed.
 * @param position the position in the log after which to continue; undefined: from the start
 * @throws {FetchFailed} if the server cannot be reached, or answers with something other than a feed
 */
export async function openFeed(
  { locate, key, connect, allowHttp }: FeedAddress,
  position: string | undefined,
  signal: AbortSignal,
): Promise<FeedResponse> {
  const url = await locate();
  assertFetchable(url, allowHttp);
  const headers = {
    accept: 'text/event-stream',
    authorization: `Bearer ${key}`,
    ...(position === undefined ? {} : { 'last-event-id': position }),
  };
  let response: FeedResponse;
  try {
    response = await connect(url, headers, signal);
  } catch (error) {
    throw unreachable(url, error);
  }
  const type = readMediaType(response.contentType);
  if (response.status === 200 && type === 'text/event-stream') return response;
  throw explainRefusal(url, response.status);
}
