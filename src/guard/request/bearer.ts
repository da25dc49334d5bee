import { isLatchkeyError, type LatchkeyError, TokenRefused } from '../../kernel/errors.ts';

const CREDENTIALS = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** `Bearer` and three parts with dots between them, also among several headers that were joined. */
const TOKEN_IN_HEADER = /(?:^|,)[ \t]*Bearer[ \t]+[^ \t.,]+\.[^ \t.,]*\.[^ \t.,]*[ \t]*(?:,|$)/i;

/**
 * Whether an `Authorization` header contains a token, in addition to the one in our cookie. Other values are not meant for
 * us: HTTP Basic for a proxy in front, or `Bearer null` from a client without a token.
 */
export function isSecondToken(authorization: string): boolean {
  return TOKEN_IN_HEADER.test(authorization);
}

/** Whether an `Authorization` header, or one of several that were joined, has the scheme Bearer. */
export function isBearerScheme(authorization: string): boolean {
  return /(?:^|,)[ \t]*Bearer(?:[ \t,]|$)/i.test(authorization);
}

/**
 * Reads the token from the value of an `Authorization` header.
 * @throws {TokenRefused} `token_missing` without a header, `token_malformed` for anything other than the word `Bearer` and
 *   one token
 * @see RFC 6750 section 2.1, RFC 9110 section 11.4
 */
export function parseBearer(header: string | undefined): string {
  if (header === undefined || header === '') {
    throw new TokenRefused(
      'token_missing',
      'No access token came with this request. Send one: Authorization: Bearer <token>',
    );
  }
  const token = CREDENTIALS.exec(header)?.[1];
  if (token === undefined) {
    throw new TokenRefused(
      'token_malformed',
      'The Authorization header is not of the form "Bearer <token>". Send the word Bearer, one space ' +
        'and one token, nothing else.',
    );
  }
  return token;
}

/** The members of some errors that say what would be enough. */
interface Requirements {
  readonly scopes?: readonly string[];
  /** Seconds. */
  readonly maxAuthAge?: number;
  readonly acrValues?: readonly string[];
}

/**
 * Creates the `WWW-Authenticate` challenge for a failure. If no credentials came, or if the failure is not about the token,
 * it only names the scheme.
 * @param realm the protected space, for a person to read
 * @see RFC 6750 section 3, RFC 9470 section 3
 */
export function wwwAuthenticate(error: unknown, realm?: string): string {
  const parameters = realm === undefined ? [] : [`realm=${quote(realm)}`];
  if (isLatchkeyError(error) && error.bearerError !== undefined) {
    const { scopes, maxAuthAge, acrValues = [] }: LatchkeyError & Requirements = error;
    parameters.push(`error="${error.bearerError}"`, description(error));
    if (acrValues.length > 0) parameters.push(`acr_values=${quote(acrValues.join(' '))}`);
    if (maxAuthAge !== undefined) parameters.push(`max_age=${quote(String(maxAuthAge))}`);
    if (scopes !== undefined && scopes.length > 0)
      parameters.push(`scope=${quote(scopes.join(' '))}`);
  }
  return parameters.length === 0 ? 'Bearer' : `Bearer ${parameters.join(', ')}`;
}

function description(error: Error): string {
  // Quotes and backslashes are not allowed in it, even escaped: RFC 6750 section 3.
  return `error_description=${quote(error.message.replaceAll('"', "'").replaceAll('\\', '/'))}`;
}

/** Creates a quoted-string that cannot end early or start another header. @see RFC 9110 section 5.6.4 */
function quote(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
