/** A server's response to the request for the feed. Its body may still be coming. */
export interface FeedResponse {
  readonly status: number;
  /** The header `Content-Type`; null or undefined if there is none. */
  readonly contentType: string | null | undefined;
  /** The bytes as they come. It throws if the connection breaks. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Lets the process end although the body is still coming. Does nothing where that is not possible. */
  unref(): void;
}

/**
 * Requests a feed. It sends the request to this address only, follows no redirect, and stops when the signal is aborted.
 */
export type ConnectFeed = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<FeedResponse>;
