import { InvalidOption } from '../kernel/errors.ts';
import {
  aBoolean,
  aFunction,
  aNumber,
  anything,
  aString,
  aStringList,
  type OptionCheck,
  type OptionChecks,
  optionsOf,
  orFalse,
} from '../kernel/options/check-options.ts';
import type { RevocationOptions } from './feed/revocation-options.ts';
import type { CommonGuardOptions, IssuerGuardOptions, LocalGuardOptions } from './guard-options.ts';
import type { CookieNames } from './request/cookie-names.ts';
import type { TokenCacheOptions } from './verify/verified-token-cache.ts';

/** The option `cookies`, unless it is false. */
export const COOKIE_NAMES: OptionCheck = optionsOf({
  access: aString,
  refresh: aString,
} satisfies OptionChecks<CookieNames>);

/** Refuses an empty list, which would refuse every token, and empty names, which are variables set to nothing. */
export const anAudience: OptionCheck = (name, value) => {
  const names = Array.isArray(value) ? value : [value];
  if (names.length > 0 && names.every((each) => typeof each === 'string' && each !== '')) return;
  throw new InvalidOption(name, `${name} must be a name or a list of names, none of them empty.`);
};

const COMMON = {
  audience: anAudience,
  cookies: orFalse(COOKIE_NAMES),
  origins: aStringList,
  clockTolerance: aNumber,
  cache: orFalse(
    optionsOf({ maxEntries: aNumber, maxBytes: aNumber } satisfies OptionChecks<TokenCacheOptions>),
  ),
  clock: anything,
  onStatus: aFunction,
} satisfies OptionChecks<CommonGuardOptions>;

/** The options of `createGuard({ issuer })`. */
export const ISSUER_GUARD_OPTIONS = {
  ...COMMON,
  issuer: aString,
  jwksUri: aString,
  cooldown: aNumber,
  timeout: aNumber,
  retryDelay: aNumber,
  allowHttp: aBoolean,
  revocations: optionsOf({
    credential: aString,
    maxStaleness: aNumber,
    onStale: aString,
    url: aString,
    introspectionUrl: aString,
  } satisfies OptionChecks<RevocationOptions>),
  fetch: aFunction,
} satisfies OptionChecks<Omit<IssuerGuardOptions, 'keys' | 'algorithm'>>;

/** The options of `createGuard({ keys })`. */
export const LOCAL_GUARD_OPTIONS = {
  ...COMMON,
  keys: anything,
  algorithm: aString,
  issuer: aString,
} satisfies OptionChecks<LocalGuardOptions>;
