import type { VerificationKey } from '../jwt/keys/key-types.ts';
import type { Clock } from '../kernel/clock.ts';
import { isOrigin } from '../kernel/encoding/web-origin.ts';
import { InvalidSetting } from '../kernel/errors.ts';
import { systemClock } from '../kernel/system-clock.ts';
import { RevocationIndex } from '../revocation/revocation-index.ts';
import type { CommonGuardOptions } from './guard-options.ts';
import { type CredentialReader, createCredentialReader } from './request/credentials.ts';
import { createOriginRules } from './request/same-origin.ts';
import { createTokenCookies, type TokenCookies } from './request/token-cookies.ts';
import { createVerifier, type Verifier } from './verify/access-token-verifier.ts';

/** The parts that every guard has, wherever its keys come from. */
export interface CommonGuardParts {
  readonly verifier: Verifier;
  readonly revocations: RevocationIndex;
  /** Undefined if tokens come in the header only. */
  readonly cookies: TokenCookies | undefined;
  readonly credentials: CredentialReader;
  readonly clock: Clock;
  readonly issuer: string | undefined;
}

/**
 * Creates the parts that every guard has.
 * @throws {InvalidSetting}
 */
export function createGuardParts(
  options: CommonGuardOptions & { readonly issuer?: string | undefined },
  keys: readonly VerificationKey[],
): CommonGuardParts {
  const { issuer, clock = systemClock, clockTolerance, cache } = options;
  const revocations = new RevocationIndex();
  const verifier = createVerifier({
    keys,
    issuer,
    audience: options.audience ?? issuer,
    clock,
    revocations,
    ...(clockTolerance === undefined ? {} : { clockTolerance }),
    ...(cache === undefined ? {} : { cache }),
  });
  const cookies =
    options.cookies === false ? undefined : createTokenCookies(issuer, options.cookies);
  const origins = options.origins?.map(parseOrigin) ?? findOrigin(issuer);
  const credentials = createCredentialReader(
    cookies,
    createOriginRules(
      origins,
      "The operator may allow origins: by the guard's option origins, or by its issuer.",
    ),
  );
  return { verifier, revocations, cookies, credentials, clock, issuer };
}

function findOrigin(issuer: string | undefined): string[] {
  const url = issuer === undefined ? null : URL.parse(issuer);
  return url === null ? [] : [url.origin];
}

function parseOrigin(origin: string): string {
  if (isOrigin(origin)) return origin;
  throw new InvalidSetting(
    'origins',
    `${JSON.stringify(origin)} is not an origin.`,
    'Give scheme, host and port and nothing else: https://app.example, capacitor://localhost.',
  );
}
