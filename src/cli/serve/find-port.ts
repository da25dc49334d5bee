import { createServer } from 'node:net';
import { CommandFailed } from '../shell/failures.ts';

/**
 * Checks that the server can listen on the address, before anything is opened or created. For port 0, finds a free
 * port, because the issuer contains the port.
 * @throws {CommandFailed} if the server cannot listen there; the message says what to do
 */
export async function findPort(host: string, port: number): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', (error) => reject(toListenFailure(error, host, port)));
  server.listen({ host, port }, () => {
    const address = server.address();
    const found = typeof address === 'object' && address !== null ? address.port : port;
    server.close(() => resolve(found));
  });
  return await promise;
}

/** Explains why a server cannot listen; returns other errors unchanged. */
export function toListenFailure(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const problem = findProblem(String(code), host, port);
  return problem === undefined ? error : new CommandFailed(problem);
}

function findProblem(code: string, host: string, port: number): string | undefined {
  switch (code) {
    case 'EADDRINUSE': {
      const other = port < 65_535 ? port + 1 : port - 1;
      return `Port ${port} of ${host} is in use, perhaps by another Latchkey. Stop that program, or choose another port: --port ${other}`;
    }
    case 'EACCES':
      return `This user may not listen on port ${port}. Choose a port from 1024 up (--port 8000) and put a proxy in front.`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return `This machine does not have the address ${host}. Listen on 127.0.0.1 for this machine alone or on 0.0.0.0 for all networks: --host 0.0.0.0`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `No address is known for the host name ${host}. Give an address of this machine: --host 127.0.0.1`;
    default:
      return undefined;
  }
}
