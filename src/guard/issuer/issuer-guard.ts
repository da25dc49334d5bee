import type { VerificationKey } from '../../jwt/keys/key-types.ts';
import { GuardNotReady, TokenRefused } from '../../kernel/errors.ts';
import type { FetchOptions } from '../../kernel/http/fetch-document.ts';
import { systemTimers } from '../../kernel/timing/timers.ts';
import { assembleGuard, type GuardReadiness } from '../assemble-guard.ts';
import { chooseFeedConnection } from '../feed/choose-feed-connection.ts';
import type { StalePolicy } from '../feed/revocation-options.ts';
import { RevocationWatch } from '../feed/revocation-watch.ts';
import type { Guard } from '../guard.ts';
import type { IssuerGuardOptions } from '../guard-options.ts';
import { type CommonGuardParts, createGuardParts } from '../guard-parts.ts';
import { IssuerKeys } from './issuer-keys.ts';
import {
  assertAddress,
  assertIssuer,
  assertRevocationOptions,
  requireSeconds,
} from './issuer-option-values.ts';
import { reportWrongClaims } from './report-wrong-claims.ts';
import { SetUpReport, WRONG_SET_UP_RETRY_SECONDS } from './set-up-report.ts';

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
    timeout: requireSeconds('timeout', options.timeout ?? 5),
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
    cooldown: requireSeconds('cooldown', options.cooldown ?? 30),
    retryDelay: requireSeconds('retryDelay', options.retryDelay ?? 1),
    onKeys: (found) => {
      keys = found;
      applyKeys();
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

function createReadiness(source: IssuerKeys, watch: RevocationWatch | undefined): GuardReadiness {
  return {
    assertReady(sync) {
      if (!source.isReady) throw notReady(source);
      watch?.assertReady(sync);
    },
    pendingFor(error) {
      if (error instanceof GuardNotReady) return source.firstAttempt;
      const unknown = error instanceof TokenRefused && error.code === 'token_untrusted';
      return unknown ? source.refreshForUnknown() : undefined;
    },
    ...(watch === undefined ? {} : { confirm: (token) => watch.confirm(token) }),
  };
}

/** What follows if a guard does not hear of revocations. */
const WITHOUT_FEED: Readonly<Record<StalePolicy, string>> = {
  accept: 'Until that is corrected, this guard accepts revoked tokens until they expire.',
  reject: 'Every request is answered 503 until that is corrected.',
  introspect: 'Until that is corrected, this guard asks the issuer about every token.',
};

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
  assertRevocationOptions(revocations, fetching.allowHttp);
  const find = (member: string, path: string) => {
    const named = source.metadata[member];
    return typeof named === 'string' ? named : issuer.replace(/\/$/, '') + path;
  };
  return new RevocationWatch({
    index: parts.revocations,
    clock: parts.clock,
    credential,
    maxStalenessMs: maxStaleness * 1000,
    onStale,
    fetching: { ...fetching, timeout: fetching.timeout * 1000 },
    connect: chooseFeedConnection(options.fetch),
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
      'This service cannot check tokens, because its guard is set up wrongly. Its operator must correct that: ' +
        "the guard's log and status say what is wrong.",
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
