import { toHttpRefusal } from './http-refusal.ts';

/**
 * Turns an error of Latchkey into a `Response`: its status, `WWW-Authenticate` or `Retry-After`, and a problem document.
 *
 * ```ts
 * try {
 *   const user = await guard.authenticate(request);
 * } catch (error) {
 *   return errorResponse(error);
 * }
 * ```
 * @throws the error itself, if it is not Latchkey's or not meant for a client
 * @see RFC 9457, RFC 6750 section 3
 */
export function errorResponse(error: unknown): Response {
  const { status, headers, body } = toHttpRefusal(error);
  return new Response(body, { status, headers });
}
