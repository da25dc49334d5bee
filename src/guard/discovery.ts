import { isJsonObject, type JsonObject } from '../encoding/json.ts';
import {
  assertFetchable,
  FetchFailed,
  type FetchOptions,
  fetchDocument,
} from './fetch-document.ts';
import { describeWrongIssuer } from './likely-mistakes.ts';

/** Where an issuer's parts are. */
export interface IssuerMetadata {
  readonly jwksUri: string;
  /** As the issuer published it; empty where it publishes none. */
  readonly document: Readonly<JsonObject>;
}

/**
 * Asks the issuer where its keys are: where RFC 8414 puts the metadata and, for an issuer with a path, at
 * `<issuer>/.well-known/oauth-authorization-server` next. The root of a host often belongs to another
 * program, such as a web app that answers every address with its page, so whatever it answers but the
 * metadata of this issuer counts as none. An issuer that publishes no metadata (404) is asked for its keys
 * where Latchkey has them: `<issuer>/.well-known/jwks.json`.
 *
 * Metadata that names another issuer is refused: it would let one issuer's keys speak for another.
 * @throws {FetchFailed} whose message names the likely mistake
 * @see RFC 8414 sections 3.1 and 3.3
 */
export async function discoverIssuer(
  issuer: string,
  options: FetchOptions,
): Promise<IssuerMetadata> {
  let failure: FetchFailed | undefined;
  for (const url of listMetadataUrls(issuer)) {
    try {
      const { value } = await fetchDocument(url, options);
      return readMetadata(issuer, url, value, options);
    } catch (error) {
      if (!(error instanceof FetchFailed) || options.signal.aborted) throw error;
      failure = chooseFailure(failure, error);
    }
  }
  if (failure !== undefined && failure.status !== 404) throw failure;
  return { jwksUri: `${trimSlash(issuer)}/.well-known/jwks.json`, document: {} };
}

/** What the second address answers counts, except where the first knows an issuer of another name. */
function chooseFailure(first: FetchFailed | undefined, second: FetchFailed): FetchFailed {
  return first instanceof WrongIssuer ? first : second;
}

class WrongIssuer extends FetchFailed {}

function readMetadata(
  issuer: string,
  url: string,
  document: unknown,
  { allowHttp }: FetchOptions,
): IssuerMetadata {
  if (!isJsonObject(document) || typeof document['issuer'] !== 'string') {
    throw new FetchFailed(`${url} is not the metadata of an issuer.`, undefined, { isSetUp: true });
  }
  if (document['issuer'] !== issuer) {
    throw new WrongIssuer(describeWrongIssuer(url, issuer, document['issuer']), undefined, {
      isSetUp: true,
    });
  }
  const { jwks_uri: jwksUri } = document;
  if (typeof jwksUri !== 'string') {
    throw new FetchFailed(`The metadata of ${issuer} names no jwks_uri.`, undefined, {
      isSetUp: true,
    });
  }
  assertFetchable(jwksUri, allowHttp);
  return { jwksUri, document };
}

/**
 * For a path, the well-known part comes between host and path (RFC 8414); servers behind a prefix that
 * they do not know of have it after the path.
 */
function listMetadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const name = '/.well-known/oauth-authorization-server';
  return pathname === '/'
    ? [origin + name]
    : [origin + name + pathname, trimSlash(origin + pathname) + name];
}

const trimSlash = (url: string): string => url.replace(/\/$/, '');
