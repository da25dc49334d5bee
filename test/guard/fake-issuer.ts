import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { toJwks } from '../../src/jwt/keys/jwk.ts';
import type { SigningKey } from '../../src/jwt/keys/key-types.ts';
import { listen } from './adapters/listen.ts';

/** An issuer's well-known documents on a port of this machine, to be bent as a test likes. */
export interface FakeIssuer {
  /** Also its issuer. */
  readonly url: string;
  keys: readonly SigningKey[];
  /** Seconds, for Cache-Control; undefined: none. */
  maxAge: number | undefined;
  /** Answers in place of the usual: true where it did. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** Paths asked for, in order. */
  readonly asked: string[];
  /** Resolves when this path is asked for the next time. */
  nextRequest(path: string): Promise<void>;
  close(): Promise<void>;
}

export const METADATA = '/.well-known/oauth-authorization-server';
export const JWKS = '/.well-known/jwks.json';

export async function startFakeIssuer(...keys: SigningKey[]): Promise<FakeIssuer> {
  const waiting: { path: string; resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    issuer.asked.push(path);
    if (issuer.intercept?.(request, response) !== true) answer(path, response);
    for (const each of waiting.filter((one) => one.path === path)) {
      waiting.splice(waiting.indexOf(each), 1);
      each.resolve();
    }
  });
  const { url, close } = await listen(server);
  const answer = (path: string, response: ServerResponse) => {
    response.setHeader('content-type', 'application/json');
    if (issuer.maxAge !== undefined) {
      response.setHeader('cache-control', `public, max-age=${issuer.maxAge}`);
    }
    if (path === METADATA) response.end(JSON.stringify({ issuer: url, jwks_uri: url + JWKS }));
    else if (path === JWKS) response.end(JSON.stringify(toJwks(issuer.keys)));
    else response.writeHead(404).end('{}');
  };
  const issuer: FakeIssuer = {
    url,
    keys,
    maxAge: 300,
    intercept: undefined,
    asked: [],
    nextRequest: (path) => new Promise((resolve) => waiting.push({ path, resolve })),
    close,
  };
  return issuer;
}
