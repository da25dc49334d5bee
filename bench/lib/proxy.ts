/** A TCP proxy, as a network that can be cut. */
import { connect, createServer, type Socket } from 'node:net';
import { atExit } from './cleanup.ts';

export interface Proxy {
  readonly port: number;
  /** Sets the target of new connections, undefined for none, and breaks the open ones. */
  lead(port: number | undefined): void;
}

export async function startProxy(): Promise<Proxy> {
  const open = new Set<Socket>();
  let target: number | undefined;
  const server = createServer((from) => {
    if (target === undefined) {
      from.destroy();
      return;
    }
    const to = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      open.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atExit(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return {
    port: address.port,
    lead(port) {
      target = port;
      for (const socket of open) socket.destroy();
    },
  };
}
