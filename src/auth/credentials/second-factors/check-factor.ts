import { type Caller, identify } from '../../audit/caller.ts';
import { aboutUser } from '../../audit/event.ts';
import type { AuthContext } from '../../context.ts';
import type { InputReader } from '../../input.ts';
import { openValue } from '../../keys/sealed-values.ts';
import type { FactorUse } from '../../ports/factor-use.ts';
import type { AuthenticatorRecord, StoredFactors } from '../../ports/second-factors.ts';
import { findRecoveryMac } from './recovery-codes.ts';
import { placeOfKey, placeOfSecret } from './sealed-factors.ts';
import { findMatchingStep } from './totp.ts';

/** How a second factor can be presented. `totp`: a code of an authenticator app. */
export const FACTOR_METHODS = ['totp', 'recovery_code'] as const;

/** One of {@link FACTOR_METHODS}. */
export type FactorMethod = (typeof FACTOR_METHODS)[number];

/** What an answer to a second factor adds to `amr`. @see RFC 8176 section 2 */
const METHODS_OF_SECOND_FACTOR = ['otp', 'mfa'];

/** The longest code that is read, in characters. Ours have at most 19. */
const CODE_MAX = 64;

/** A second factor as a user presents it. The names are those of the request. */
export interface PresentedFactor {
  /** How it is presented. */
  readonly method: FactorMethod;
  /** Six digits of the authenticator app, or a recovery code. */
  readonly code: string;
}

/** Reads a second factor from an input. Check the result only after the reader has finished. */
export function readFactor(reader: InputReader): PresentedFactor {
  const method = reader.string('method', { max: CODE_MAX });
  const code = reader.string('code', { max: CODE_MAX });
  if (method !== '' && !FACTOR_METHODS.some((it) => it === method)) {
    reader.problem('method', `"method" must be ${FACTOR_METHODS.join(' or ')}.`);
  }
  return { method: method as FactorMethod, code };
}

/** The `amr` of a session whose user has also presented a second factor. */
export function addSecondFactor(amr: readonly string[]): readonly string[] {
  return [...new Set([...amr, ...METHODS_OF_SECOND_FACTOR])];
}

/** The authenticators that are factors. */
export function listConfirmed({ authenticators }: StoredFactors): readonly AuthenticatorRecord[] {
  return authenticators.filter((it) => it.confirmedAt !== null);
}

/** The methods that a user can present. */
export function listMethods(factors: StoredFactors): FactorMethod[] {
  const { macs = [] } = factors.recoveryCodes ?? {};
  return [
    ...(listConfirmed(factors).length === 0 ? [] : ['totp' as const]),
    ...(macs.length === 0 ? [] : ['recovery_code' as const]),
  ];
}

/**
 * Compares a code with the factors of a user, and uses nothing up. Give the result to the verb that the code is for: of
 * any number of parallel uses one succeeds. The caller has counted the attempt.
 * @returns undefined if the code is wrong, or was used
 * @throws {StoreUnavailable}
 */
export async function checkFactor(
  context: AuthContext,
  userId: string,
  presented: PresentedFactor,
  caller: Caller,
): Promise<FactorUse | undefined> {
  const factors = await context.store.findFactors({ userId });
  return presented.method === 'totp'
    ? checkTotp(context, listConfirmed(factors), presented.code)
    : checkRecoveryCode(context, factors, presented.code, caller);
}

/** Compares a code with the secret of one authenticator. @returns the time step of the code */
export async function checkAuthenticator(
  { dataRoots, clock }: AuthContext,
  authenticator: AuthenticatorRecord,
  code: string,
): Promise<number | undefined> {
  const place = placeOfSecret(authenticator);
  const secret = openValue(dataRoots(), place, authenticator.sealedSecret);
  if (secret === undefined) return undefined;
  const window = { after: authenticator.lastStep, now: clock.now() };
  return findMatchingStep(secret, code, window);
}

async function checkTotp(
  context: AuthContext,
  authenticators: readonly AuthenticatorRecord[],
  code: string,
): Promise<FactorUse | undefined> {
  let use: FactorUse | undefined;
  for (const authenticator of authenticators) {
    const step = await checkAuthenticator(context, authenticator, code);
    if (step === undefined) continue;
    const { id: authenticatorId, userId } = authenticator;
    use ??= { method: 'totp', userId, authenticatorId, step, now: context.clock.now() };
  }
  return use;
}

function checkRecoveryCode(
  { dataRoots, createEvent }: AuthContext,
  { recoveryCodes }: StoredFactors,
  code: string,
  caller: Caller,
): FactorUse | undefined {
  if (recoveryCodes === null) return undefined;
  const { userId, macs, sealedKey } = recoveryCodes;
  const key = openValue(dataRoots(), placeOfKey(recoveryCodes), sealedKey);
  const mac = key === undefined ? undefined : findRecoveryMac(key, code, macs);
  if (mac === undefined) return undefined;
  const left = macs.filter((it) => it !== mac);
  const changes = { left: left.length };
  const used = { type: 'recovery_code_used', subject: aboutUser(userId), changes } as const;
  const event = createEvent(used, identify(caller, userId));
  return { method: 'recovery_code', userId, macs, left, event };
}
