import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

/** ms between two looks at /readyz. */
const interval = 25;

/**
 * A small proxy, as one finds them in front of servers: it hands requests in turn to the ports that say
 * they are ready, over connections it keeps, and tries another one where it cannot connect at all.
 */
export async function startProxy(ports: readonly number[]): Promise<{ url: string }> {
  const agent = new Agent({ keepAlive: true });
  const ready = new Set<number>();
  let turn = 0;

  const look = async (port: number) => {
    const isReady = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isReady) ready.add(port);
    else ready.delete(port);
  };
  const timer = setInterval(() => ports.forEach((port) => void look(port)), interval);

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
        if (!(error instanceof Error && 'syscall' in error && error.syscall === 'connect')) break;
        ready.delete(port);
      }
    }
    outgoing.writeHead(502, { 'x-proxy': 'no answer' }).end('{}');
  });

  async function forward(port: number, { method, url, headers }: IncomingMessage, body: Buffer) {
    const asked = request({ agent, host: '127.0.0.1', port, method, path: url, headers });
    const [answer] = await once(asked.end(body), 'response');
    return answer as IncomingMessage;
  }

  await Promise.all(ports.map(look));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    clearInterval(timer);
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
