import { InvalidSetting } from '../errors.ts';
import { importKeys } from '../jwt/key-set.ts';
import { assembleGuard } from './assemble-guard.ts';
import type { CustomClaims } from './authenticated-user.ts';
import type { Guard } from './guard.ts';
import type { GuardOptions, LocalGuardOptions } from './guard-options.ts';
import { createGuardParts } from './guard-parts.ts';
import { createIssuerGuard } from './issuer-guard.ts';

/**
 * Creates a guard: it tells who a request comes from, by verifying access tokens on the spot.
 *
 * `createGuard({ issuer })` starts to fetch the issuer's keys and keeps them fresh; see
 * `docs/guard.md`. `createGuard({ keys })` is given public keys, or a shared secret together with
 * `algorithm: 'HS256'`, and opens no connection.
 *
 * `Host` is the type of the host's own claims, by default {@link CustomClaims}; it is not checked.
 * @throws {InvalidSetting} naming the option
 * @throws {KeyRefused}
 */
export function createGuard<Host extends object = CustomClaims>(
  options: GuardOptions,
): Guard<Host> {
  if (options.keys !== undefined) return createLocalGuard(options);
  // A variable that is not set must not turn keys of one's own into keys from elsewhere.
  if ('keys' in options) throw new InvalidSetting('keys', 'is undefined.', 'Give a key.');
  return createIssuerGuard(options);
}

function createLocalGuard<Host extends object>(options: LocalGuardOptions): Guard<Host> {
  const keys = importKeys(options.keys, options.algorithm);
  const kids = keys.map(({ kid }) => kid);
  return assembleGuard<Host>({
    ...createGuardParts(options, keys),
    kids,
  });
}
