import { TokenRefused } from '../../kernel/errors.ts';
import type { Verifier } from '../verify/access-token-verifier.ts';
import { readUnverifiedClaims } from '../verify/unverified-claims.ts';
import type { SetUpReport } from './set-up-report.ts';
import { describeWrongIssuer, quote } from './wrong-issuer.ts';

/** The issuer and the audience that a guard expects. */
interface Expected {
  readonly issuer?: string | undefined;
  readonly audience?: string | readonly string[] | undefined;
}

/**
 * Wraps a verifier so that the operator is told when a token that a trusted key signed names another issuer or
 * audience. The options of the guard are probably wrong then, and it refuses every token.
 */
export function reportWrongClaims(
  verifier: Verifier,
  expected: Expected,
  report: SetUpReport,
): Verifier {
  return {
    ...verifier,
    verify(token) {
      try {
        return verifier.verify(token);
      } catch (error) {
        if (error instanceof TokenRefused) reportRefusal(error.code, token, expected, report);
        throw error;
      }
    },
  };
}

const SOURCE = 'A token signed by a trusted key';

/** Tells the operator, if the issuer or the audience is wrong. */
function reportRefusal(
  code: TokenRefused['code'],
  token: string,
  { issuer = '', audience = issuer }: Expected,
  report: SetUpReport,
): void {
  if (code === 'token_wrong_issuer') {
    const { iss } = readUnverifiedClaims(token);
    report.tell(describeWrongIssuer(SOURCE, issuer, String(iss)), code);
  } else if (code === 'token_wrong_audience') {
    const { aud } = readUnverifiedClaims(token);
    report.tell(
      `${SOURCE} is for ${list(aud)}, and this guard accepts ${list(audience)}. If the token was meant for this ` +
        'service, give the guard that audience, or correct it at the server (LATCHKEY_AUDIENCE).',
      code,
    );
  }
}

const list = (names: unknown) =>
  [names].flat().map(String).map(quote).join(' and ') || 'no audience';
