import { isJsonObject, type JsonObject } from '../encoding/json.ts';
import {
  assertFetchable,
  FetchFailed,
  type FetchOptions,
  fetchDocument,
} from './fetch-document.ts';

/** Where an issuer's parts are. */
export interface IssuerMetadata {
  readonly jwksUri: string;
  /** As the issuer published it; empty where it publishes none. */
  readonly document: Readonly<JsonObject>;
}

/**
 * Asks the issuer where its keys are. An issuer that publishes no metadata (404) is asked for its keys
 * where Latchkey has them: `<issuer>/.well-known/jwks.json`.
 *
 * Metadata that names another issuer is refused: it would let one issuer's keys speak for another.
 * @throws {FetchFailed}
 * @see RFC 8414 sections 3.1 and 3.3
 */
export async function discoverIssuer(
  issuer: string,
  options: FetchOptions,
): Promise<IssuerMetadata> {
  const document = await findMetadata(issuer, options);
  if (document === undefined) {
    return { jwksUri: `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`, document: {} };
  }
  if (!isJsonObject(document) || document['issuer'] !== issuer) {
    throw new FetchFailed(
      `The metadata at ${toMetadataUrl(issuer)} is of another issuer. Configure the issuer exactly as ` +
        'its tokens name it ("iss").',
    );
  }
  const { jwks_uri: jwksUri } = document;
  if (typeof jwksUri !== 'string') {
    throw new FetchFailed(`The metadata of ${issuer} names no jwks_uri.`);
  }
  assertFetchable(jwksUri, options.allowHttp);
  return { jwksUri, document };
}

async function findMetadata(issuer: string, options: FetchOptions): Promise<unknown> {
  try {
    return (await fetchDocument(toMetadataUrl(issuer), options)).value;
  } catch (error) {
    if (error instanceof FetchFailed && error.status === 404) return undefined;
    throw error;
  }
}

/** The well-known part comes between the host and the path of the issuer. */
function toMetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`;
}
