import { TokenRefused } from '../../kernel/errors.ts';
import { describeWrongIssuer, quote } from '../../kernel/http/explain-connection.ts';
import type { Verifier } from '../verify/access-token-verifier.ts';
import type { SetUpReport } from './set-up-report.ts';

/** What a guard expects of the claims. */
interface Expected {
  readonly issuer?: string | undefined;
  readonly audience?: string | readonly string[] | undefined;
}

/**
 * Wraps a verifier so that it tells the operator of the first token that a trusted key signed and that names
 * another issuer or audience: then the options of the guard are probably wrong, and it refuses every token.
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
        if (error instanceof TokenRefused) describe(error.code, token, expected, report);
        throw error;
      }
    },
  };
}

const SOURCE = 'A token signed by a trusted key';

function describe(
  code: TokenRefused['code'],
  token: string,
  { issuer = '', audience = issuer }: Expected,
  report: SetUpReport,
): void {
  if (code === 'token_wrong_issuer') {
    const { iss } = readClaims(token);
    report.tell(describeWrongIssuer(SOURCE, issuer, String(iss)), code);
  } else if (code === 'token_wrong_audience') {
    const { aud } = readClaims(token);
    report.tell(
      `${SOURCE} is for ${list(aud)}, and this guard accepts ${list(audience)}. If the token was meant for this ` +
        'service, give the guard that audience, or correct it at the server (LATCHKEY_AUDIENCE).',
      code,
    );
  }
}

const list = (names: unknown) =>
  [names].flat().map(String).map(quote).join(' and ') || 'no audience';

/** The claims were verified down to the one that was refused, so the payload is strict JSON. */
function readClaims(token: string): { readonly iss?: unknown; readonly aud?: unknown } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
