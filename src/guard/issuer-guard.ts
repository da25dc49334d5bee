import { GuardNotReady, InvalidSetting, TokenRefused } from '../errors.ts';
import type { VerificationKey } from '../jwt/key-types.ts';
import { assembleGuard, type GuardDoubt } from './assemble-guard.ts';
import { assertFetchable, type FetchOptions } from './fetch-document.ts';
import type { Guard } from './guard.ts';
import type { IssuerGuardOptions } from './guard-options.ts';
import { type CommonGuardParts, createGuardParts } from './guard-parts.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { RevocationWatch } from './revocation-watch.ts';
import { createSetUpReport, WRONG_SET_UP_RETRY_SECONDS } from './set-up-report.ts';

/** A guard that asks its issuer for the keys, and for revocations where it may. */
export function createIssuerGuard<Host extends object>(options: IssuerGuardOptions): Guard<Host> {
  const { issuer, jwksUri, allowHttp = false, onStatus } = options;
  assertAddress('issuer', issuer, jwksUri === undefined, allowHttp);
  if (jwksUri !== undefined) assertAddress('jwksUri', jwksUri, true, allowHttp);
  const parts = createGuardParts(options, []);
  const fetching = {
    allowHttp,
    fetch: options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init)),
    timeout: requireSeconds('timeout', options.timeout ?? 5),
  };
  const waiting = new Set<{ resolve: () => void; reject: (error: Error) => void }>();
  const report = createSetUpReport(issuer);
  let closed = false;

  // A key that the feed says is revoked signs no token we take, whatever the key set still says.
  let keys: readonly VerificationKey[] = [];
  const settleKeys = () =>
    parts.verifier.setKeys(keys.filter(({ kid }) => !parts.revocations.isKeyRevoked(kid)));

  const isReady = () => source.isReady && watch?.isAble !== false;
  function announce(): void {
    if (isReady()) {
      for (const { resolve } of waiting) resolve();
      waiting.clear();
    }
    // Later, and outside: an error that a listener throws is not the guard's.
    if (onStatus !== undefined) queueMicrotask(() => onStatus(guard.status()));
    else if (!closed) {
      const keys = source.isReady ? undefined : source.status.error;
      report({ keys, revocations: watch?.setUpError });
    }
  }

  const source = new IssuerKeys({
    ...fetching,
    issuer,
    jwksUri,
    clock: parts.clock,
    cooldown: requireSeconds('cooldown', options.cooldown ?? 30),
    retryDelay: requireSeconds('retryDelay', options.retryDelay ?? 1),
    onKeys: (found) => {
      keys = found;
      settleKeys();
    },
    onChange: announce,
  });
  const watch = createWatch({
    options,
    parts,
    source,
    fetching,
    onChange: announce,
    onKeys: (kids) => {
      settleKeys();
      source.expectChange(kids?.filter((kid) => !parts.revocations.isKeyRevoked(kid)));
    },
  });

  const guard = assembleGuard<Host>({
    ...parts,
    doubt: createDoubt(source, watch),
    lifecycle: {
      ready() {
        if (isReady()) return Promise.resolve();
        if (closed) return Promise.reject(isClosed());
        return new Promise((resolve, reject) => waiting.add({ resolve, reject }));
      },
      status: () => ({ ready: isReady(), keys: source.status, revocations: watch?.status }),
      close() {
        closed = true;
        source.stop();
        watch?.close();
        for (const { reject } of waiting) reject(isClosed());
        waiting.clear();
      },
    },
  });
  void source.refresh();
  watch?.start();
  return guard;
}

function createDoubt(source: IssuerKeys, watch: RevocationWatch | undefined): GuardDoubt {
  return {
    assertAble(alone) {
      if (!source.isReady) throw notReady(source);
      watch?.assertAble(alone);
    },
    findHope(error) {
      if (error instanceof GuardNotReady) return source.firstAttempt;
      const unknown = error instanceof TokenRefused && error.code === 'token_untrusted';
      return unknown ? source.refreshForUnknown() : undefined;
    },
    ...(watch === undefined ? {} : { confirm: (token) => watch.confirm(token) }),
  };
}

/** Seconds. Less than the feed's heartbeat needs would make a feed that is well look stale. */
const LEAST_STALENESS = 20;

function createWatch(wanted: {
  options: IssuerGuardOptions;
  parts: CommonGuardParts;
  source: IssuerKeys;
  fetching: Omit<FetchOptions, 'signal'> & { timeout: number };
  onChange: () => void;
  onKeys: (kids: readonly string[] | undefined) => void;
}): RevocationWatch | undefined {
  const { options, parts, source, fetching, onChange, onKeys } = wanted;
  const { issuer, revocations } = options;
  if (revocations === undefined) return undefined;
  const { credential, maxStaleness = 60, onStale = 'accept', url, introspectionUrl } = revocations;
  if (typeof credential !== 'string' || credential === '') {
    const fix = 'Give the key that `latchkey guards create NAME` printed.';
    throw new InvalidSetting('revocations.credential', 'is missing.', fix);
  }
  if (!(maxStaleness >= LEAST_STALENESS)) {
    const fix = `Give seconds, ${LEAST_STALENESS} or more.`;
    throw new InvalidSetting('revocations.maxStaleness', 'is too short.', fix);
  }
  if (!['accept', 'reject', 'introspect'].includes(onStale)) {
    const fix = 'Give "accept", "reject" or "introspect".';
    throw new InvalidSetting('revocations.onStale', 'is no policy.', fix);
  }
  const find = (member: string, path: string) => {
    const named = source.metadata[member];
    return typeof named === 'string' ? named : issuer.replace(/\/$/, '') + path;
  };
  return new RevocationWatch({
    index: parts.revocations,
    clock: parts.clock,
    credential,
    maxStaleness: maxStaleness * 1000,
    onStale,
    fetching: { ...fetching, timeout: fetching.timeout * 1000 },
    onChange,
    onKeys,
    async locate() {
      await source.firstAttempt;
      return url ?? find('revocation_feed_endpoint', '/auth/revocations');
    },
    locateIntrospection: () =>
      introspectionUrl ?? find('introspection_endpoint', '/auth/introspect'),
  });
}

function isClosed(): GuardNotReady {
  return new GuardNotReady('The guard is closed.');
}

function notReady({ retryAfter, setUpError, status }: IssuerKeys): GuardNotReady {
  if (setUpError !== undefined) {
    return new GuardNotReady(
      'This service cannot check tokens, because it is set up wrongly. Its operator finds the reason in its ' +
        'log.',
      WRONG_SET_UP_RETRY_SECONDS,
      { cause: setUpError },
    );
  }
  return new GuardNotReady(
    'This service cannot check tokens yet: it has not been able to get the keys of their issuer. It ' +
      'keeps asking. Try again shortly.',
    retryAfter,
    { cause: status.error },
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
