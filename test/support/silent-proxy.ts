import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

interface After {
  after(work: () => unknown): void;
}

/** Stands between a client and a server, and can fall silent as a broken network does. */
export interface SilentProxy {
  /** The URL it was made for, by way of this proxy. */
  readonly url: string;
  /** From now on no byte passes, and no connection is closed from this side. New connections are accepted. */
  fallSilent(): void;
  /** Resolves once the client has let go of all sockets. */
  deserted(): Promise<void>;
}

export async function startSilentProxy(t: After, url: string): Promise<SilentProxy> {
  const target = new URL(url);
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  let isSilent = false;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client);
    client.on('error', () => {});
    // A half that was closed is not enough: the client must have let go of its socket.
    client.on('close', () => clients.delete(client));
    if (isSilent) {
      client.resume();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    upstreams.add(upstream);
    upstream.on('error', () => client.destroy());
    client.on('data', (bytes) => {
      if (!isSilent) upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!isSilent) client.write(bytes);
    });
    client.on('end', () => {
      if (!isSilent) upstream.end();
    });
    upstream.on('close', () => {
      if (!isSilent) client.destroy();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of [...clients, ...upstreams]) socket.destroy();
    server.close();
  });
  const through = new URL(url);
  through.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: through.href,
    fallSilent() {
      isSilent = true;
    },
    async deserted() {
      // Only writing tells that the other side has let go of its socket.
      while (clients.size > 0) {
        for (const client of clients) client.write('?');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}
