import { GuardNotReady, InvalidSetting, TokenRefused } from '../errors.ts';
import { importKeys } from '../jwt/key-set.ts';
import { assembleGuard } from './assemble-guard.ts';
import type { CustomClaims } from './authenticated-user.ts';
import { assertFetchable } from './fetch-document.ts';
import type { Guard } from './guard.ts';
import type { GuardOptions, IssuerGuardOptions, LocalGuardOptions } from './guard-options.ts';
import { createGuardParts } from './guard-parts.ts';
import { IssuerKeys } from './issuer-keys.ts';

/**
 * Creates a guard: it tells who a request comes from, by verifying access tokens on the spot.
 *
 * `createGuard({ issuer })` begins to fetch the issuer's keys at once and keeps them fresh; see
 * `docs/guard.md`. `createGuard({ keys })` is given a shared secret or public keys, and opens no
 * connection.
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

function createIssuerGuard<Host extends object>(options: IssuerGuardOptions): Guard<Host> {
  const { issuer, jwksUri, allowHttp = false, onStatus } = options;
  assertAddress('issuer', issuer, jwksUri === undefined, allowHttp);
  if (jwksUri !== undefined) assertAddress('jwksUri', jwksUri, true, allowHttp);
  const parts = createGuardParts(options, []);
  const waiting = new Set<{ resolve: () => void; reject: (error: Error) => void }>();
  const source = new IssuerKeys({
    issuer,
    jwksUri,
    clock: parts.clock,
    allowHttp,
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    timeout: requireSeconds('timeout', options.timeout ?? 5),
    cooldown: requireSeconds('cooldown', options.cooldown ?? 30),
    retryDelay: requireSeconds('retryDelay', options.retryDelay ?? 1),
    onKeys: (keys) => parts.verifier.setKeys(keys),
    onChange() {
      if (source.isReady) {
        for (const { resolve } of waiting) resolve();
        waiting.clear();
      }
      // Later, and outside: what a listener throws is no failure of the keys.
      if (onStatus !== undefined) queueMicrotask(() => onStatus(guard.status()));
    },
  });
  let closed = false;
  const guard = assembleGuard<Host>({
    ...parts,
    doubt: {
      assertAble() {
        if (!source.isReady) throw notReady(source.retryAfter);
      },
      findHope(error) {
        if (error instanceof GuardNotReady) return source.firstAttempt;
        const unknown = error instanceof TokenRefused && error.code === 'token_untrusted';
        return unknown ? source.refreshForUnknown() : undefined;
      },
    },
    lifecycle: {
      ready() {
        if (source.isReady) return Promise.resolve();
        if (closed) return Promise.reject(new GuardNotReady('The guard is closed.'));
        return new Promise((resolve, reject) => waiting.add({ resolve, reject }));
      },
      status: () => ({ ready: source.isReady, keys: source.status, revocations: undefined }),
      close() {
        closed = true;
        source.stop();
        for (const { reject } of waiting) reject(new GuardNotReady('The guard is closed.'));
        waiting.clear();
      },
    },
  });
  void source.refresh();
  return guard;
}

function notReady(retryAfter: number): GuardNotReady {
  return new GuardNotReady(
    'This service cannot check tokens yet: it has not been able to get the keys of their issuer. It ' +
      'keeps asking. Try again shortly.',
    retryAfter,
  );
}

function assertAddress(name: string, value: unknown, fetched: boolean, allowHttp: boolean): void {
  const fix = 'Give an address such as https://auth.example.';
  if (typeof value !== 'string' || value === '') throw new InvalidSetting(name, 'is missing.', fix);
  if (!fetched) return;
  try {
    assertFetchable(value, allowHttp);
  } catch (error) {
    throw new InvalidSetting(name, error instanceof Error ? error.message : 'is wrong.', fix);
  }
}

function requireSeconds(name: string, value: number): number {
  if (value > 0 && value <= 3600) return value;
  throw new InvalidSetting(name, 'is no time.', 'Give seconds above 0, and 3600 at most.');
}
