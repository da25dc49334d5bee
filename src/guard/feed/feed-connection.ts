/** What a server answered when it was asked for the feed. Its body may still be coming. */
export interface FeedResponse {
  readonly status: number;
  /** The header `Content-Type`; null or undefined where there is none. */
  readonly contentType: string | null | undefined;
  /** The bytes as they come. It throws where the connection breaks. */
  readonly body: AsyncIterable<Uint8Array>;
  /** From now on the process may end although the body is still coming. Does nothing where that cannot be done. */
  unref(): void;
}

/**
 * Asks for a feed. It sends the request to this address and no other, follows no redirect, and stops, whatever it
 * has received, when the signal is aborted.
 */
export type ConnectFeed = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<FeedResponse>;
