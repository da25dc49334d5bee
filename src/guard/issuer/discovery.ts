import { isJsonObject, type JsonObject } from '../../kernel/encoding/json.ts';
import {
  assertFetchable,
  FetchFailed,
  type FetchOptions,
  fetchDocument,
  wrongSetUp,
} from '../../kernel/http/fetch-document.ts';
import { describeWrongIssuer } from './wrong-issuer.ts';

/** What an issuer publishes about itself. */
export interface IssuerMetadata {
  readonly jwksUri: string;
  /** All of the metadata. Empty if the issuer publishes none. */
  readonly document: Readonly<JsonObject>;
}

/**
 * Finds out where the issuer's keys are. It fetches the metadata from the address that RFC 8414 defines, and for an
 * issuer with a path also from `<issuer>/.well-known/oauth-authorization-server`: the root of the host may belong to
 * another program, such as a web app that answers every address with its page. An issuer that publishes no metadata
 * (404) is expected to have its keys where Latchkey has them, at `<issuer>/.well-known/jwks.json`.
 *
 * Metadata that names another issuer is refused: otherwise the keys of one issuer could verify tokens of another.
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
  // At the last address, below its own path, only the issuer answers.
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
 * For an issuer with a path, RFC 8414 puts the well-known part between host and path and drops a slash at the end. A
 * server behind a prefix that it does not know about has the document after the path.
 */
function listMetadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const name = '/.well-known/oauth-authorization-server';
  const path = trimSlash(pathname);
  return path === '' ? [origin + name] : [origin + name + path, origin + path + name];
}

const trimSlash = (url: string): string => url.replace(/\/$/, '');
