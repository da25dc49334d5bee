import pg from 'pg';
import { StoreUnavailable } from '../../../kernel/errors.ts';
import { toStoreError } from '../failures.ts';
import { ChannelNotBound } from './bound-client.ts';

/**
 * No connection was made. Strangers may see the message, so it names neither host nor user.
 * `retryAfter` is in seconds.
 */
class ConnectionFailed extends StoreUnavailable {
  constructor(message: string, retryAfter: number, cause: unknown) {
    super(message, { retryAfter, cause });
  }
}

const UNTRUSTED =
  "The certificate of the database's server is not trusted. Name the authority that issued it: sslrootcert=<file> in the database's URL.";
const NO_ANSWER =
  'The database does not answer. Check that it runs, and that no firewall keeps this machine from it.';

const NO_PASSWORD =
  "The database asks for a password, and none is given. Write it into the database's URL, or set PGPASSWORD.";

/** The codes with which a server, or a pooler in front of it, refuses settings of the session. */
const SETTING_CODES: ReadonlySet<string> = new Set([
  '08P01',
  '22023',
  '22P02',
  '42602',
  '42704',
  '55P02',
]);
const SETTING_REFUSED =
  "The database's server refuses what options sets. Correct that parameter of the URL, or PGOPTIONS; a pooler may accept none of it.";

/** By the code of Node.js. @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    "The database does not answer: its port is closed. Start the server, or correct host and port in the database's URL.",
  ENOENT:
    "The database does not answer: there is no socket in the folder that the database's URL names. Start the server, or correct host and port.",
  EACCES: "This user may not use the socket that the database's URL names. Change its permissions.",
  EPERM:
    'The operating system does not let this process connect to the database. Check its sandbox and its firewall.',
  ENOTDIR: "The database's URL names a socket below something that is not a folder. Correct host.",
  ENOTFOUND: "The host name in the database's URL is unknown. Correct it, or check the DNS.",
  EAI_AGAIN:
    "The host name in the database's URL cannot be looked up now. Check the DNS, and try again.",
  EHOSTUNREACH:
    "No network leads to the host in the database's URL. Correct it, or check the network.",
  ENETUNREACH:
    "No network leads to the host in the database's URL. Correct it, or check the network.",
  ETIMEDOUT: NO_ANSWER,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  INVALID_PURPOSE: UNTRUSTED,
  CERT_HAS_EXPIRED: "The certificate of the database's server has expired. Renew it on the server.",
  CERT_NOT_YET_VALID:
    "The certificate of the database's server is not valid yet. Check the clocks of both machines.",
  CERT_REVOKED: "The certificate of the database's server is revoked. Renew it on the server.",
  UNABLE_TO_GET_CRL:
    "The list that sslcrl names has no entry of the authority that issued the certificate of the database's server. Name its list, or remove sslcrl.",
  CRL_HAS_EXPIRED: 'The list that sslcrl names has expired. Get a new one.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    "The certificate of the database's server is for another host name. Name the server in the database's URL as its certificate does.",
};

/** By words of the driver's messages: it has no codes for these. */
const BY_WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /does not support SSL/,
    "The database's server offers no TLS. Switch it on there (ssl = on), or write sslmode=disable if you trust the network in between.",
  ],
  [/client password must be/, NO_PASSWORD],
  [
    /^SASL: .*server signature|^SASL: Only mechanism/,
    'The database asks for a proof of identity that Latchkey cannot give or check. Use scram-sha-256 in its pg_hba.conf.',
  ],
  [
    /timeout exceeded when trying/,
    'The database does not answer in time: all connections of this node are in use. Try again.',
  ],
  [/timeout/, NO_ANSWER],
];

/**
 * What a failed attempt to connect means, and what to do about it.
 * @param isPasswordGiven whether the URL or the environment has a password
 */
export function toConnectionError(error: unknown, isPasswordGiven = true): Error {
  if (error instanceof pg.DatabaseError) {
    if (error.code === '28P01' && !isPasswordGiven) {
      return new ConnectionFailed(NO_PASSWORD, 10, new Error('SQLSTATE 28P01'));
    }
    if (SETTING_CODES.has(error.code ?? '')) {
      return new ConnectionFailed(SETTING_REFUSED, 10, new Error(`SQLSTATE ${error.code}`));
    }
    const known = toStoreError(error);
    if (!(known instanceof StoreUnavailable)) return known;
    return new ConnectionFailed(known.message, known.retryAfter, known.cause);
  }
  if (error instanceof ChannelNotBound) {
    return new ConnectionFailed(
      "The database's server does not bind its proof of identity to TLS. Use scram-sha-256 there, or leave channel_binding out.",
      10,
      error,
    );
  }
  const sentence = findSentence(error);
  return sentence === undefined ? toStoreError(error) : new ConnectionFailed(sentence, 1, error);
}

function findSentence(error: unknown): string | undefined {
  if (error instanceof AggregateError) return findSentence(error.errors[0]);
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code];
  if (/^ERR_SSL_|^EPROTO$/.test(code)) {
    return 'TLS with the database failed. Check the versions and certificates that both sides accept.';
  }
  const words = `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`;
  return BY_WORDS.find(([pattern]) => pattern.test(words))?.[1];
}

/** Adds the place that was tried, for the operator who starts a server. User and password are not shown. */
export function withPlace(error: unknown, { place }: { readonly place: string }): unknown {
  if (!(error instanceof ConnectionFailed)) return error;
  const { message, retryAfter, cause } = error;
  return new StoreUnavailable(`${message} The URL leads to ${place}.`, { retryAfter, cause });
}
