import { isSameSecret } from '../../../kernel/encoding/same-secret.ts';
import type { Random } from '../../../kernel/random.ts';

/** What authenticator apps all understand. Many ignore any other choice without a word. @see RFC 6238 */
const ALGORITHM = 'SHA1';
const DIGITS = 6;
const PERIOD_SECONDS = 30;
/** As long as the output of the hash. @see RFC 4226 section 4 */
const SECRET_BYTES = 20;
/** How many steps the clock of a phone may be off, either way. */
const WINDOW_STEPS = 1;

/** Creates the secret that an authenticator app shares with us: base32, as such apps take it. */
export async function createTotpSecret(random: Random): Promise<string> {
  const { Secret } = await import('otpauth');
  const bytes = Uint8Array.from(random.bytes(SECRET_BYTES));
  return new Secret({ buffer: bytes.buffer }).base32;
}

/** The time step of a moment. @param now ms since the epoch */
export function findStep(now: number): number {
  return Math.floor(now / (PERIOD_SECONDS * 1000));
}

/** The last step whose codes could be accepted at a moment. @param now ms since the epoch */
export function findLastAcceptableStep(now: number): number {
  return findStep(now) + WINDOW_STEPS;
}

/** Brings a code as a person types it into the form that is compared. */
function normaliseTotpCode(code: string): string {
  return code.replace(/\s/g, '');
}

/**
 * Finds the time step of a code.
 * @param after the last step of which a code was accepted: no earlier step is compared. The attack: a person who sees a
 *   code being typed uses it within the same minute
 * @param now ms since the epoch
 * @returns undefined if it is not the code of a step that is accepted now
 * @see RFC 6238 section 5.2
 */
export async function findMatchingStep(
  secret: string,
  code: string,
  { after, now }: { readonly after: number; readonly now: number },
): Promise<number | undefined> {
  const { HOTP, Secret } = await import('otpauth');
  const typed = normaliseTotpCode(code);
  const shared = Secret.fromBase32(secret);
  const current = findStep(now);
  let found: number | undefined;
  // All steps, so that the time does not tell which one it was.
  for (let step = current - WINDOW_STEPS; step <= current + WINDOW_STEPS; step++) {
    const expected = HOTP.generate({
      secret: shared,
      algorithm: ALGORITHM,
      digits: DIGITS,
      counter: step,
    });
    if (isSameSecret(typed, expected) && step > after) found ??= step;
  }
  return found;
}

/** What an authenticator app reads, as text and as the QR code of it. */
export interface TotpInvitation {
  /** `otpauth://totp/…` */
  readonly uri: string;
  /** The QR code of the URI: an SVG image as a `data:` URL. */
  readonly qr: string;
}

/**
 * Describes a secret for an authenticator app.
 * @param label whose account it is: a username or an email address
 * @param issuer the name of the app that people sign in to
 */
export async function describeTotp(
  secret: string,
  { label, issuer }: { readonly label: string; readonly issuer: string },
): Promise<TotpInvitation> {
  const [{ Secret, TOTP }, { renderSVG }] = await Promise.all([import('otpauth'), import('uqr')]);
  const totp = new TOTP({
    issuer,
    label,
    algorithm: ALGORITHM,
    digits: DIGITS,
    period: PERIOD_SECONDS,
    secret: Secret.fromBase32(secret),
  });
  const uri = totp.toString();
  const svg = renderSVG(uri, { ecc: 'M', border: 4 });
  return { uri, qr: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}` };
}
