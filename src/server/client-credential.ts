import type { FastifyRequest } from 'fastify';
import { type ClientKey, combineClientKey, findClientKey } from '../auth/clients/client-key.ts';
import type { AuthenticatedClient } from '../auth/clients/clients.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { MultipleCredentials, TokenRefused } from '../errors.ts';
import type { Latchkey } from '../system/latchkey.ts';

const SCHEME = /^(bearer|basic) +(\S+)$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Finds out which client sent a request: by `Authorization: Bearer lkg_…`, or by Basic with the client's id and
 * its key as the client secret.
 * @throws {TokenRefused} `token_missing`
 * @throws {CredentialsRefused} for anything but the key of a client
 * @throws {MultipleCredentials}
 * @see RFC 6749 section 2.3.1, RFC 6750 section 2.1
 */
export async function requireClient(
  { auth }: Latchkey,
  { raw: { headers, headersDistinct } }: FastifyRequest,
): Promise<AuthenticatedClient> {
  const { authorization } = headers;
  if (authorization === undefined || authorization === '') {
    throw new TokenRefused(
      'token_missing',
      'This route needs the key of a client. Send it: Authorization: Bearer lkg_…',
    );
  }
  // Node takes the first of two and a proxy may have checked the other.
  if ((headersDistinct['authorization']?.length ?? 0) > 1) {
    throw new MultipleCredentials('Two Authorization headers came. Send one.');
  }
  return auth.clients.authenticate(findKey(authorization));
}

function findKey(authorization: string): ClientKey | undefined {
  const [, scheme, credentials] = SCHEME.exec(authorization) ?? [];
  if (scheme === undefined || credentials === undefined) return undefined;
  return scheme.toLowerCase() === 'bearer' ? findClientKey(credentials) : findBasicKey(credentials);
}

function findBasicKey(credentials: string): ClientKey | undefined {
  if (!BASE64.test(credentials)) return undefined;
  const text = decodeUtf8(Buffer.from(credentials, 'base64'));
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon === -1) return undefined;
  const [id, secret] = [decodeField(text.slice(0, colon)), decodeField(text.slice(colon + 1))];
  return id === undefined || secret === undefined ? undefined : combineClientKey(id, secret);
}

/** Both halves are form-encoded before they are joined, which changes nothing of a key of ours. */
function decodeField(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
