import { EventEmitter, once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** ms between two looks at /readyz. */
const interval = 25;

export interface TestProxy {
  readonly url: string;
  /** Why requests were answered 502. */
  readonly failures: readonly string[];
  /** Resolves once it has seen that the server on this port is ready. */
  knows(port: number): Promise<void>;
}

/**
 * A small proxy, as one finds them in front of servers: it hands requests in turn to the ports that say
 * they are ready, over connections it keeps, and tries another one where it cannot connect at all.
 */
export async function startProxy(ports: readonly number[]): Promise<TestProxy> {
  const agent = new Agent({ keepAlive: true });
  const ready = new Set<number>();
  const failures: string[] = [];
  const looks = new EventEmitter();
  let isOver = false;
  let turn = 0;

  /** One look after another: an old answer must not overrule a newer one. */
  const watch = async (port: number) => {
    while (!isOver) {
      const isReady = await fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      );
      if (isReady) ready.add(port);
      else ready.delete(port);
      looks.emit('look');
      await sleep(interval);
    }
  };

  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    for (let attempt = 0; attempt < 10 * ports.length; attempt++) {
      const port = [...ready][turn++ % ready.size];
      if (port === undefined) break;
      try {
        const answer = await forward(port, incoming, Buffer.concat(chunks));
        const { connection: _, ...headers } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, headers);
        answer.pipe(outgoing);
        return;
      } catch (error) {
        // Nothing was sent, so it may be sent to another one, whatever it is.
        if (!(error instanceof Error && 'syscall' in error && error.syscall === 'connect')) {
          failures.push(`${incoming.method} ${incoming.url}: ${error}`);
          break;
        }
        ready.delete(port);
      }
    }
    if (ready.size === 0) failures.push(`${incoming.method} ${incoming.url}: no server is ready`);
    outgoing.writeHead(502, { 'x-proxy': 'no answer' }).end('{}');
  });

  async function forward(port: number, { method, url, headers }: IncomingMessage, body: Buffer) {
    const asked = request({ agent, host: '127.0.0.1', port, method, path: url, headers });
    const [answer] = await once(asked.end(body), 'response');
    return answer as IncomingMessage;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const watching = ports.map(watch);
  after(async () => {
    isOver = true;
    agent.destroy();
    server.closeAllConnections();
    server.close();
    await Promise.all(watching);
  });
  const knows = async (port: number) => {
    while (!ready.has(port)) await once(looks, 'look');
  };
  await Promise.all(ports.map(knows));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, failures, knows };
}
