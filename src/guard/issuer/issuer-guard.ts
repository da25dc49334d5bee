import type { VerificationKey } from '../../jwt/keys/key-types.ts';
import { GuardNotReady } from '../../kernel/errors.ts';
import { systemTimers } from '../../kernel/timing/timers.ts';
import { assembleGuard } from '../assemble-guard.ts';
import type { StalePolicy } from '../feed/revocation-options.ts';
import type { Guard } from '../guard.ts';
import type { IssuerGuardOptions } from '../guard-options.ts';
import { createGuardParts } from '../guard-parts.ts';
import { createRevocationWatch } from './create-revocation-watch.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { assertAddress, assertIssuer, requireSeconds } from './issuer-option-values.ts';
import { createReadiness } from './issuer-readiness.ts';
import { reportWrongClaims } from './report-wrong-claims.ts';
import { SetUpReport } from './set-up-report.ts';

/** How long after the first keys a guard that has not received the revocations yet reports a problem. */
const FEED_REPORT_DELAY_MS = 15_000;

/** Creates a guard that fetches the keys of its issuer and, with the option `revocations`, follows its revocations. */
export function createIssuerGuard<Host extends object>(options: IssuerGuardOptions): Guard<Host> {
  const { issuer, jwksUri, allowHttp = false, onStatus } = options;
  assertIssuer(issuer);
  if (jwksUri === undefined) assertAddress('issuer', issuer, allowHttp);
  else assertAddress('jwksUri', jwksUri, allowHttp);
  const parts = createGuardParts(options, []);
  const fetching = {
    allowHttp,
    fetch: options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init)),
    timeoutMs: requireSeconds('timeout', options.timeout ?? 5) * 1000,
  };
  const waiting = new Set<{ resolve: () => void; reject: (error: Error) => void }>();
  const report = new SetUpReport(issuer, onStatus !== undefined);
  let closed = false;

  // A key that the feed reports as revoked is not trusted, even while the key set still contains it.
  let keys: readonly VerificationKey[] = [];
  const applyKeys = () =>
    parts.verifier.setKeys(keys.filter(({ kid }) => !parts.revocations.isKeyRevoked(kid)));

  const isReady = () => source.isReady && watch?.canVerify !== false;
  function announce(): void {
    if (isReady()) {
      for (const { resolve } of waiting) resolve();
      waiting.clear();
    }
    // In a microtask of its own, so that an error of the listener does not end the guard's work.
    if (onStatus !== undefined) queueMicrotask(() => onStatus(guard.status()));
    if (!closed) reportProblems();
  }

  let stopWaiting: (() => void) | undefined;
  function reportProblems(): void {
    if (!source.isReady) {
      const { error } = source.status;
      if (error === undefined) return;
      const topic = source.setUpError ?? 'unreachable';
      report.tell(`${error} Until the keys are there, every request is answered 503.`, topic);
    } else if (watch !== undefined) {
      const tell = (error = 'The feed of revocations does not answer.') =>
        report.tell(`${error} ${WITHOUT_FEED[watch.onStale]}`);
      if (watch.setUpError !== undefined) tell(watch.setUpError);
      stopWaiting ??= systemTimers.start(FEED_REPORT_DELAY_MS, () => {
        const { error, staleness } = watch.status;
        if (staleness === undefined) tell(error);
      });
    }
  }

  const source = new IssuerKeys({
    ...fetching,
    issuer,
    jwksUri,
    clock: parts.clock,
    cooldownMs: requireSeconds('cooldown', options.cooldown ?? 30) * 1000,
    retryDelayMs: requireSeconds('retryDelay', options.retryDelay ?? 1) * 1000,
    onKeys: (found) => {
      keys = found;
      applyKeys();
    },
    onChange: announce,
  });
  const watch = createRevocationWatch({
    options,
    parts,
    source,
    fetching,
    onChange: announce,
    onKeys: (kids) => {
      applyKeys();
      source.expectChange(kids?.filter((kid) => !parts.revocations.isKeyRevoked(kid)));
    },
  });

  const guard = assembleGuard<Host>({
    ...parts,
    verifier: reportWrongClaims(parts.verifier, options, report),
    readiness: createReadiness(source, watch),
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
        stopWaiting?.();
        for (const { reject } of waiting) reject(isClosed());
        waiting.clear();
      },
    },
  });
  void source.refresh();
  watch?.start();
  return guard;
}

/** What follows if a guard does not hear of revocations. */
const WITHOUT_FEED: Readonly<Record<StalePolicy, string>> = {
  accept: 'Until that is corrected, this guard accepts revoked tokens until they expire.',
  reject: 'Every request is answered 503 until that is corrected.',
  introspect: 'Until that is corrected, this guard asks the issuer about every token.',
};

function isClosed(): GuardNotReady {
  return new GuardNotReady('The guard is closed.');
}
