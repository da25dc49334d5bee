import { connect } from 'node:net';

/** Sends bytes as they are and answers all that comes back until the server closes the connection. */
export function sendBytes(port: number, ...chunks: (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1');
    socket.setTimeout(20_000, () => {
      socket.destroy(new Error(`no end of the answer: ${answer}`));
    });
    socket.on('data', (data: string) => {
      answer += data;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A server that refuses before it has read everything resets the connection.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(answer);
      else reject(error);
    });
    socket.on('close', () => resolve(answer));
    for (const chunk of chunks) socket.write(chunk);
  });
}

/**
 * Sends one GET whose header values are these characters as bytes (latin1), as `fetch` would not, and answers
 * status and body.
 */
export async function getRaw(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; text: string }> {
  const { port, host, pathname } = new URL(url);
  const lines = Object.entries({ host, connection: 'close', ...headers }).map((pair) =>
    pair.join(': '),
  );
  const head = [`GET ${pathname} HTTP/1.1`, ...lines, '', ''].join('\r\n');
  const text = await sendBytes(Number(port), Buffer.from(head, 'latin1'));
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]), text };
}
