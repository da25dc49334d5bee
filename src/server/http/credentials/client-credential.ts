import type { FastifyRequest } from 'fastify';
import {
  type ClientKey,
  combineClientKey,
  findClientKey,
} from '../../../auth/clients/client-key.ts';
import type { AuthenticatedClient, ClientCredentials } from '../../../auth/clients/clients.ts';
import { twoAuthorizations } from '../../../guard/request/request.ts';
import { decodeFormField } from '../../../kernel/encoding/form-field.ts';
import { decodeUtf8 } from '../../../kernel/encoding/utf8.ts';
import { CredentialsRefused, TokenRefused } from '../../../kernel/errors.ts';
import type { Latchkey } from '../../../system/latchkey.ts';
import { ClientRefused, OAuthRefused } from '../errors/oauth-error.ts';

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
  // Node.js takes the first of two, and a proxy may have checked the other one.
  if ((headersDistinct['authorization']?.length ?? 0) > 1) {
    throw twoAuthorizations();
  }
  return auth.clients.authenticate(findKey(authorization));
}

/**
 * Finds out which client asks for tokens: by Basic, or by `client_id` and `client_secret` in the form.
 * @returns null if it is not a client of this server. The Basic credentials of a proxy, and client ids that login
 *   forms of other systems send, are ignored.
 * @throws {ClientRefused} if the client exists and its secret is missing or wrong
 * @throws {OAuthRefused} if the request authenticates in both ways
 * @see RFC 6749 sections 2.3.1 and 3.2.1
 */
export async function findTokenClient(
  { auth }: Latchkey,
  request: FastifyRequest,
  form: Readonly<Record<string, string>>,
): Promise<string | null> {
  const { authorization = '' } = request.headers;
  const [, scheme, credentials = ''] = SCHEME.exec(authorization) ?? [];
  const basic = scheme?.toLowerCase() === 'basic' ? readBasic(credentials) : undefined;
  const posted = { clientId: form['client_id'] ?? '', clientSecret: form['client_secret'] ?? '' };
  try {
    const clientId = await auth.clients.resolve(basic ?? posted);
    if (clientId !== null && basic !== undefined && posted.clientSecret !== '') {
      throw new OAuthRefused('invalid_request', 'Authenticate by Basic or in the form, not both.');
    }
    return clientId;
  } catch (error) {
    if (!(error instanceof CredentialsRefused)) throw error;
    throw new ClientRefused(undefined, error.message, { takesBearer: false });
  }
}

function findKey(authorization: string): ClientKey | undefined {
  const [, scheme, credentials] = SCHEME.exec(authorization) ?? [];
  if (scheme === undefined || credentials === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return findClientKey(credentials);
  const basic = readBasic(credentials);
  return basic && combineClientKey(basic.clientId, basic.clientSecret);
}

function readBasic(credentials: string): ClientCredentials | undefined {
  if (!BASE64.test(credentials)) return undefined;
  const text = decodeUtf8(Buffer.from(credentials, 'base64'));
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon === -1) return undefined;
  // Both halves are form-encoded before they are joined, which changes nothing in a key of ours.
  const clientId = decodeFormField(text.slice(0, colon));
  const clientSecret = decodeFormField(text.slice(colon + 1));
  return clientId === undefined || clientSecret === undefined
    ? undefined
    : { clientId, clientSecret };
}
