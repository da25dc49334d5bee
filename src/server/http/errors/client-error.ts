import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { createProblem, type Problem } from '../../../guard/respond/problem.ts';

/** How long a client may take to read the refusal before its connection is destroyed. */
const FAREWELL_MS = 500;

/** The connections that were refused and are not destroyed yet. */
const refused = new WeakSet<object>();

type Connection = Pick<Socket, 'writable' | 'destroyed' | 'end' | 'destroy' | 'once'>;

/**
 * Answers a request that is not valid HTTP or did not arrive in time, and destroys the connection: what follows on
 * it cannot be distinguished from the rest of the broken request.
 *
 * Ending the connection closes only our half. The attack: a client leaves the other half open, and each such
 * connection holds a file descriptor, until none is left. Destroying it immediately would be too early while the
 * client still sends, because the system then drops the answer. So the client has a moment to read it.
 */
export function refuseBrokenRequest(
  error: Error & { readonly code?: string },
  socket: Connection,
): void {
  // The parser also refuses what arrives in the meantime.
  if (socket.destroyed || refused.has(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  refused.add(socket);
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS).unref();
  socket.once('close', () => clearTimeout(timer));
  socket.end(formatRefusal(createRefusal(error.code)));
}

function formatRefusal(problem: Problem): string {
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

function createRefusal(code: string | undefined): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return createProblem(408, 'request_timeout', 'The request took too long to arrive.');
    case 'HPE_HEADER_OVERFLOW':
      return createProblem(431, 'headers_too_large', 'The headers or the address are too long.');
    default:
      return createProblem(400, 'invalid_request', 'This is not a valid HTTP request.');
  }
}
