import { importKeys } from '../jwt/keys/key-set.ts';
import { assertOptions } from '../kernel/options/check-options.ts';
import { assembleGuard } from './assemble-guard.ts';
import type { Guard } from './guard.ts';
import { ISSUER_GUARD_OPTIONS, LOCAL_GUARD_OPTIONS } from './guard-option-checks.ts';
import type { GuardOptions, LocalGuardOptions } from './guard-options.ts';
import { createGuardParts } from './guard-parts.ts';
import { createIssuerGuard } from './issuer/issuer-guard.ts';
import { reportWrongClaims } from './issuer/report-wrong-claims.ts';
import { SetUpReport } from './issuer/set-up-report.ts';
import type { CustomClaims } from './verify/authenticated-user.ts';

/**
 * Creates a guard: it tells who a request comes from, by verifying access tokens on the spot.
 *
 * `createGuard({ issuer })` starts to fetch the issuer's keys and keeps them fresh; see
 * `docs/guard.md`. `createGuard({ keys })` is given public keys, or a shared secret together with
 * `algorithm: 'HS256'`, and opens no connection.
 *
 * `Host` is the type of the host's own claims, by default {@link CustomClaims}; it is not checked.
 * @throws {InvalidOption} for an unknown option, an undefined value, or one of the wrong kind
 * @throws {InvalidSetting} naming the option
 * @throws {KeyRefused}
 */
export function createGuard<Host extends object = CustomClaims>(
  options: GuardOptions,
): Guard<Host> {
  // By its name: a variable that is not set must not turn keys of one's own into keys from elsewhere.
  const isLocal = typeof options === 'object' && options !== null && 'keys' in options;
  assertOptions('createGuard', options, isLocal ? LOCAL_GUARD_OPTIONS : ISSUER_GUARD_OPTIONS);
  return options.keys === undefined ? createIssuerGuard(options) : createLocalGuard(options);
}

function createLocalGuard<Host extends object>(options: LocalGuardOptions): Guard<Host> {
  const keys = importKeys(options.keys, options.algorithm);
  const kids = keys.map(({ kid }) => kid);
  const parts = createGuardParts(options, keys);
  const report = new SetUpReport(options.issuer, options.onStatus !== undefined);
  const verifier = reportWrongClaims(parts.verifier, options, report);
  return assembleGuard<Host>({ ...parts, verifier, kids });
}
