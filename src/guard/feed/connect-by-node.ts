import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { globalAgent, Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { ConnectFeed } from './feed-connection.ts';

/**
 * Requests the feed over a connection of its own, which is closed with the feed. As with `fetch`, the certificate of
 * the server is checked, redirects are not followed, and `NODE_USE_ENV_PROXY` and `NODE_EXTRA_CA_CERTS` apply. Options of
 * the host's own agents do not: one that checks no certificates would give away the guard's key.
 */
export const connectByNode: ConnectFeed = (url, headers, signal) => {
  const isHttps = new URL(url).protocol === 'https:';
  // Node.js sets the proxy of the environment on its own agents only.
  const { proxyEnv } = globalAgent.options;
  const options = proxyEnv === undefined ? {} : { proxyEnv };
  const request = isHttps
    ? requestHttps(url, { agent: new HttpsAgent(options), headers, signal })
    : requestHttp(url, { agent: new HttpAgent(options), headers, signal });
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const { socket } = response;
      resolve({
        status: response.statusCode ?? 0,
        contentType: response.headers['content-type'],
        body: response,
        unref: () => socket.unref(),
      });
    });
    request.end();
  });
};
