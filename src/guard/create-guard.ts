import { importConfiguredKeys } from '../jwt/keys/configured-keys.ts';
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
 * Creates a guard, which finds out the user of a request by verifying access tokens in this process.
 *
 * `createGuard({ issuer })` fetches the issuer's keys and keeps them up to date; see `docs/guard.md`. With `revocations`
 * it also hears of every revocation. `createGuard({ keys })` takes public keys, or a shared secret together with
 * `algorithm: 'HS256'`, and opens no connection.
 *
 * ```ts
 * const guard = createGuard({ issuer: 'https://auth.example', audience: 'https://api.example' });
 * const user = await guard.authenticate(request);
 * ```
 *
 * `Host` is the type of the host's own claims, by default {@link CustomClaims}; it is not checked.
 * @throws {InvalidOption} for an unknown option, an undefined value, or one of the wrong kind
 * @throws {InvalidSetting} for a value that is out of bounds or malformed
 * @throws {KeyRefused} for keys that are weak, damaged or of another kind than the algorithm needs
 * @throws {RangeError} for a `clockTolerance` or bounds of the `cache` that are out of range
 * @throws {TypeError} for names of `cookies` that cannot be cookie names
 * @see RFC 9068 section 4
 */
export function createGuard<Host extends object = CustomClaims>(
  options: GuardOptions,
): Guard<Host> {
  // `keys: undefined` is a variable that is not set. It must not make the guard fetch keys from elsewhere instead.
  const isLocal = typeof options === 'object' && options !== null && 'keys' in options;
  assertOptions('createGuard', options, isLocal ? LOCAL_GUARD_OPTIONS : ISSUER_GUARD_OPTIONS);
  return options.keys === undefined ? createIssuerGuard(options) : createLocalGuard(options);
}

function createLocalGuard<Host extends object>(options: LocalGuardOptions): Guard<Host> {
  const keys = importConfiguredKeys(options.keys, options.algorithm);
  const kids = keys.map(({ kid }) => kid);
  const parts = createGuardParts(options, keys);
  const report = new SetUpReport(options.issuer, options.onStatus !== undefined);
  const verifier = reportWrongClaims(parts.verifier, options, report);
  return assembleGuard<Host>({ ...parts, verifier, kids });
}
