import { isJsonObject, type JsonObject } from '../../kernel/encoding/json.ts';
import { describeWrongIssuer } from '../../kernel/http/explain-connection.ts';
import {
  assertFetchable,
  FetchFailed,
  type FetchOptions,
  fetchDocument,
  wrongSetUp,
} from '../../kernel/http/fetch-document.ts';

/** Where an issuer's parts are. */
export interface IssuerMetadata {
  readonly jwksUri: string;
  /** As the issuer published it; empty where it publishes none. */
  readonly document: Readonly<JsonObject>;
}

/**
 * Asks the issuer where its keys are. Its metadata is where RFC 8414 puts it; for an issuer with a path,
 * `<issuer>/.well-known/oauth-authorization-server` is asked next. There the root of the host often belongs
 * to another program, such as a web app that answers every address with its page, so any answer of the root
 * other than the metadata of this issuer leads on to the second address. An issuer that publishes no metadata
 * (404) is asked for its keys where Latchkey has them: `<issuer>/.well-known/jwks.json`.
 *
 * Metadata that names another issuer is refused: it would let one issuer's keys speak for another.
 * @throws {FetchFailed} whose message names the likely mistake
 * @see RFC 8414 sections 3.1 and 3.3
 */
export async function discoverIssuer(
  issuer: string,
  options: FetchOptions,
): Promise<IssuerMetadata> {
  const failures: FetchFailed[] = [];
  for (const url of listMetadataUrls(issuer)) {
    try {
      const { value } = await fetchDocument(url, options);
      return readMetadata(issuer, url, value, options);
    } catch (error) {
      if (!(error instanceof FetchFailed) || options.signal.aborted) throw error;
      failures.push(error);
    }
  }
  const wrongIssuer = failures.find((failure) => failure instanceof WrongIssuer);
  if (wrongIssuer !== undefined) throw wrongIssuer;
  // Below its own path the issuer alone answers.
  if (failures.at(-1)?.status !== 404) throw combine(failures);
  return { jwksUri: `${trimSlash(issuer)}/.well-known/jwks.json`, document: {} };
}

function combine(failures: readonly FetchFailed[]): FetchFailed {
  const message = failures.map((failure) => failure.message).join(' ');
  return new FetchFailed(message, {
    isSetUpWrong: failures.every(({ isSetUpWrong }) => isSetUpWrong),
  });
}

class WrongIssuer extends FetchFailed {}

function readMetadata(
  issuer: string,
  url: string,
  document: unknown,
  { allowHttp }: FetchOptions,
): IssuerMetadata {
  if (!isJsonObject(document) || typeof document['issuer'] !== 'string') {
    throw wrongSetUp(`${url} is not the metadata of an issuer.`);
  }
  if (document['issuer'] !== issuer) {
    const message = describeWrongIssuer(`The metadata at ${url}`, issuer, document['issuer']);
    throw new WrongIssuer(message, { isSetUpWrong: true });
  }
  const { jwks_uri: jwksUri } = document;
  if (typeof jwksUri !== 'string') throw wrongSetUp(`The metadata at ${url} names no jwks_uri.`);
  try {
    assertFetchable(jwksUri, allowHttp);
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw wrongSetUp(`The metadata at ${url} names a jwks_uri that cannot be used. ${reason}`);
  }
  return { jwksUri, document };
}

/**
 * With a path, the well-known part comes between host and path, and a slash at the end is left out
 * (RFC 8414). A server behind a prefix that it does not know of has the document after the path.
 */
function listMetadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const name = '/.well-known/oauth-authorization-server';
  const path = trimSlash(pathname);
  return path === '' ? [origin + name] : [origin + name + path, origin + path + name];
}

const trimSlash = (url: string): string => url.replace(/\/$/, '');
