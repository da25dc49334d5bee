import type { Fetch } from '../../kernel/http/fetch-document.ts';
import { connectByFetch } from './connect-by-fetch.ts';
import type { ConnectFeed } from './feed-connection.ts';

/**
 * Chooses how the feed is requested. `fetch` hands out no connection, so an open feed would keep the process alive
 * for as long as it is open. On Node.js the feed therefore has a connection of its own. The other runtimes use
 * `fetch`, and so does a host that gave one, because it may reach networks that Node.js alone does not.
 * @param given the option `fetch` of the guard
 */
export function chooseFeedConnection(given: Fetch | undefined): ConnectFeed {
  if (given !== undefined) return connectByFetch(given);
  if (!isNode()) return connectByFetch((url, init) => fetch(url, init));
  return async (url, headers, signal) => {
    // Loaded here, because other runtimes need not have what it imports.
    const { connectByNode } = await import('./connect-by-node.ts');
    return connectByNode(url, headers, signal);
  };
}

/** Bun and Deno also say which Node.js they are compatible with. */
function isNode(): boolean {
  const versions: NodeJS.ProcessVersions | undefined = globalThis.process?.versions;
  return versions?.node !== undefined && !('bun' in versions) && !('deno' in versions);
}
