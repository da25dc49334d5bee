import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { createProblem, type Problem } from '../guard/problem.ts';

/**
 * Answers what could not be read as HTTP, or did not come in time, and closes the connection: what
 * follows on it cannot be told apart from the rest of the broken request.
 */
export function refuseBrokenRequest(
  error: Error & { readonly code?: string },
  socket: Pick<Socket, 'writable' | 'destroyed' | 'end' | 'destroy'>,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const problem = createRefusal(error.code);
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
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
