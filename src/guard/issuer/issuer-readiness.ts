import { GuardNotReady, TokenRefused } from '../../kernel/errors.ts';
import type { GuardReadiness } from '../assemble-guard.ts';
import type { RevocationWatch } from '../feed/revocation-watch.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { WRONG_SET_UP_RETRY_SECONDS } from './set-up-report.ts';

/** Decides whether a guard with these keys and revocations can verify tokens now, and what a request waits for. */
export function createReadiness(
  source: IssuerKeys,
  watch: RevocationWatch | undefined,
): GuardReadiness {
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
