import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Node's fetch tells of each request it sends, and over which connection. */
const CHANNEL = 'undici:client:sendHeaders';

/** A request whose connection can be told not to keep the process alive. */
export interface WatchedRequest {
  /** From now on the process may end while the answer is still coming. */
  letGo(): void;
  /** Looks no longer for its connection. */
  stop(): void;
}

/**
 * Finds the connection of a request that is about to be made by `fetch`, which hands it to nobody. Where
 * another `fetch` makes it, or another runtime, nothing is found and nothing happens.
 * @param mark a text among its headers that no other request has
 */
export function watchRequest(mark: string): WatchedRequest {
  let socket: Socket | undefined;
  const hear = (message: unknown) => {
    const sent = message as { headers?: unknown; socket?: Socket };
    if (String(sent.headers).includes(mark)) socket = sent.socket;
  };
  subscribe(CHANNEL, hear);
  return {
    letGo() {
      // A connection of HTTP/2 is shared with requests that the process must wait for.
      const isShared =
        socket !== undefined && 'alpnProtocol' in socket && socket.alpnProtocol === 'h2';
      if (!isShared) socket?.unref?.();
    },
    stop: () => unsubscribe(CHANNEL, hear),
  };
}
