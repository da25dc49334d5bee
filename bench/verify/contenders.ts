/**
 * The verifiers, each set up in its fastest way: keys are imported once, and only its own modules are loaded. All check
 * signature, issuer, audience and expiry, except the raw call of node:crypto.
 */
import {
  createHmac,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomUUID,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { Material } from './tokens.ts';

export interface Contender {
  /** To use instead of the material's, for a contender with an issuer of its own. */
  readonly tokens?: readonly string[];
  /** Prepares, untimed, and returns the function that verifies all tokens, which is timed. */
  prepare(tokens: readonly string[]): () => Promise<void> | void;
}

type Create = (material: Material) => Promise<Contender>;

/** The share of the tokens that a cache may have room for if it is to miss every one. */
const TOO_FEW = 0.75;
/** Promises that are pending at a time. */
const TOGETHER = 32;
const MILLION = 1_000_000;

const creators = {
  'node:crypto': createRaw,
  'guard.verify()': (material) => createLatchkey(material, undefined),
  'guard.verify(), no cache': (material) => createLatchkey(material, false),
  'guard.verify(), remembering': (material) =>
    createLatchkey(material, { maxEntries: Math.floor(TOO_FEW * material.tokens.length) }),
  'guard, nothing revoked': (material) => createRevokedLatchkey(material, 0, false),
  'guard, a million revoked': (material) => createRevokedLatchkey(material, MILLION, false),
  'guard, a million, and more': (material) => createRevokedLatchkey(material, MILLION, true),
  'fast-jwt': (material) => createFastJwt(material, false),
  'fast-jwt with its cache': (material) => createFastJwt(material, 2 * material.tokens.length),
  jose: createJose,
  jsonwebtoken: createJsonwebtoken,
} satisfies Record<string, Create>;

export type ContenderName = keyof typeof creators;

export function createContender(name: ContenderName, material: Material): Promise<Contender> {
  return creators[name](material);
}

/** One after the other, by a function that throws. */
function inTurn(verifyOne: (token: string) => unknown): Contender {
  return {
    prepare: (tokens) => () => {
      for (const token of tokens) verifyOne(token);
    },
  };
}

function readKey({ algorithm, key }: Material): KeyObject {
  return algorithm === 'HS256' ? createSecretKey(key, 'utf8') : createPublicKey(key);
}

/** The signature alone, given as it is needed: two buffers. */
async function createRaw(material: Material): Promise<Contender> {
  const isSigned = createRawCheck(material);
  return {
    prepare(tokens) {
      const parts = tokens.map((token) => {
        const dot = token.lastIndexOf('.');
        const input = Buffer.from(token.slice(0, dot));
        return { input, signature: Buffer.from(token.slice(dot + 1), 'base64url') };
      });
      return () => {
        for (const { input, signature } of parts) {
          if (!isSigned(input, signature)) throw new Error('The signature does not match.');
        }
      };
    },
  };
}

function createRawCheck(material: Material): (input: Buffer, signature: Buffer) => boolean {
  const key = readKey(material);
  switch (material.algorithm) {
    case 'HS256':
      return (input, signature) =>
        timingSafeEqual(createHmac('sha256', key).update(input).digest(), signature);
    case 'RS256':
      return (input, signature) => verify('sha256', input, key, signature);
    case 'ES256': {
      const options = { key, dsaEncoding: 'ieee-p1363' } as const;
      return (input, signature) => verify('sha256', input, options, signature);
    }
    case 'EdDSA':
      return (input, signature) => verify(null, input, key, signature);
  }
}

async function createLatchkey(
  { key: keys, algorithm, issuer, audience }: Material,
  cache: { readonly maxEntries: number } | false | undefined,
): Promise<Contender> {
  const { createGuard } = await import('latchkey/guard');
  const guard = createGuard({
    keys,
    algorithm,
    issuer,
    audience,
    ...(cache === undefined ? {} : { cache }),
  });
  return inTurn((token) => guard.verify(token));
}

/** @param more whether a token is revoked before each batch, so that the guard must look up each token again */
async function createRevokedLatchkey(
  material: Material,
  revocations: number,
  more: boolean,
): Promise<Contender> {
  const { createTestIssuer } = await import('latchkey/testing');
  const { algorithm, tokens: models, issuer: name, audience } = material;
  const issuer = createTestIssuer({ algorithm, issuer: name, audience });
  const revokeToken = () => issuer.revoke({ jti: `${randomBytes(15).toString('base64url')}.0` });
  for (let each = 0; each < revocations; each += 3) {
    revokeToken();
    issuer.revoke({ session: randomUUID() });
    issuer.revoke({ userId: randomUUID() });
  }
  const tokens = models.map(
    () =>
      issuer.signInAs({
        id: randomUUID(),
        username: `user-${randomBytes(4).toString('hex')}`,
        roles: ['user'],
        expiresIn: 24 * 3600,
      }).token,
  );
  const { guard } = issuer;
  const { prepare } = inTurn((token) => guard.verify(token));
  return {
    tokens,
    prepare(batch) {
      if (more) revokeToken();
      return prepare(batch);
    },
  };
}

async function createFastJwt(
  { key, algorithm, issuer, audience }: Material,
  cache: number | false,
): Promise<Contender> {
  const { createVerifier } = await import('fast-jwt');
  const options = { key, algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, cache };
  return inTurn(createVerifier(options));
}

async function createJose(material: Material): Promise<Contender> {
  const { jwtVerify } = await import('jose');
  const { algorithm, issuer, audience } = material;
  const key = await importWebKey(material);
  const options = { algorithms: [algorithm], issuer, audience };
  return {
    prepare: (tokens) => async () => {
      for (let from = 0; from < tokens.length; from += TOGETHER) {
        const some = tokens.slice(from, from + TOGETHER);
        await Promise.all(some.map((token) => jwtVerify(token, key, options)));
      }
    },
  };
}

/** jose imports any other form again for each token. */
async function importWebKey({ algorithm, key }: Material) {
  const { importSPKI } = await import('jose');
  if (algorithm !== 'HS256') return importSPKI(key, algorithm);
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', Buffer.from(key), hmac, false, ['verify']);
}

async function createJsonwebtoken(material: Material): Promise<Contender> {
  const { default: jsonwebtoken } = await import('jsonwebtoken');
  const { algorithm, issuer, audience } = material;
  if (algorithm === 'EdDSA') throw new Error('jsonwebtoken does not know EdDSA.');
  const key = readKey(material);
  const algorithms = [algorithm];
  return inTurn((token) => jsonwebtoken.verify(token, key, { algorithms, issuer, audience }));
}
