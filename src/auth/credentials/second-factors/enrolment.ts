import { FactorRefused, InvalidInput, RecordNotFound } from '../../../kernel/errors.ts';
import { createUuid } from '../../../kernel/uuid.ts';
import { type Caller, identify } from '../../audit/caller.ts';
import { type AuditEvent, aboutUser } from '../../audit/event.ts';
import type { AuthContext } from '../../context.ts';
import type { InputReader } from '../../input.ts';
import { sealValue } from '../../keys/sealed-values.ts';
import type { UserRecord } from '../../model.ts';
import type { AuthenticatorRecord, RecoveryCodesRecord } from '../../ports/second-factors.ts';
import { addSecondFactor, checkAuthenticator, listConfirmed } from './check-factor.ts';
import { createRecoveryCodes } from './recovery-codes.ts';
import { placeOfKey, placeOfSecret } from './sealed-factors.ts';
import { createTotpSecret, describeTotp, type TotpInvitation } from './totp.ts';

/** Authenticators that one user can have. Each one more makes a guess likelier to be right. */
const MAX_AUTHENTICATORS = 5;
const NAME_MAX = 64;
const CODE_MAX = 64;
/** How long an authenticator can be confirmed. */
const CONFIRMATION_MS = 10 * 60 * 1000;
/** No step is barred yet. */
const NO_STEP = -1;

/** A second factor of a user, without its secret. Times are ms since the epoch. */
export interface SecondFactor {
  /** UUIDv7. */
  readonly id: string;
  /** `totp`: an authenticator app. */
  readonly kind: 'totp';
  /** For people: which app or phone it is. */
  readonly name: string;
  readonly createdAt: number;
  /** When a code of it was last accepted. */
  readonly lastUsedAt: number | null;
}

/** What a user has of second factors. */
export interface SecondFactors {
  /** The oldest first. */
  readonly factors: readonly SecondFactor[];
  /** How many recovery codes were not used. */
  readonly recoveryCodesLeft: number;
}

/** An authenticator that was added and is to be confirmed by a code. */
export interface NewAuthenticator extends TotpInvitation {
  readonly id: string;
  /** Base32, for people who type it. A secret. It is not shown again. */
  readonly secret: string;
}

/** An authenticator that became a factor. */
export interface ConfirmedAuthenticator {
  readonly factor: SecondFactor;
  /** Only with the first factor. They are not shown again. */
  readonly recoveryCodes?: readonly string[];
}

/** Reads the factors of a user. */
export async function listFactors({ store }: AuthContext, userId: string): Promise<SecondFactors> {
  const stored = await store.findFactors({ userId });
  const recoveryCodesLeft = stored.recoveryCodes?.macs.length ?? 0;
  return { factors: listConfirmed(stored).map(toFactor), recoveryCodesLeft };
}

/** Reads the name of a new authenticator. @throws {InvalidInput} */
export function readName(reader: InputReader): string {
  return reader.string('name', { max: NAME_MAX });
}

/** Adds an authenticator to be confirmed. Others that were not confirmed are removed. */
export async function addAuthenticator(
  context: AuthContext,
  record: UserRecord,
  name: string,
): Promise<NewAuthenticator> {
  const { store, clock, random, dataRoots, settings } = context;
  const { id: userId } = record;
  const id = createUuid(clock, random);
  const secret = await createTotpSecret(random);
  const sealedSecret = sealValue(dataRoots(), placeOfSecret({ id, userId }), secret, random);
  const times = { createdAt: clock.now(), confirmedAt: null, lastUsedAt: null };
  const authenticator = { id, userId, name, sealedSecret, lastStep: NO_STEP, ...times };
  const { status } = await store.addAuthenticator({ authenticator, limit: MAX_AUTHENTICATORS });
  if (status === 'gone') throw noSuchFactor();
  if (status === 'full') {
    const problem = `You have ${MAX_AUTHENTICATORS} authenticators, which is the most there can be. Remove one first.`;
    throw new InvalidInput([{ field: 'name', problem, code: 'too_many_factors' }]);
  }
  const label = record.username ?? record.email ?? record.id;
  const invitation = await describeTotp(secret, { label, issuer: settings.appName });
  return { id, secret, ...invitation };
}

/** How an authenticator is confirmed. */
export interface Confirmation {
  readonly userId: string;
  readonly authenticatorId: string;
  readonly code: string;
  /** The session that confirms it; null: none yet. */
  readonly session: { readonly id: string; readonly amr: readonly string[] } | null;
  readonly caller: Caller;
}

/** Reads the code that confirms an authenticator. */
export function readCode(reader: InputReader): string {
  return reader.string('code', { max: CODE_MAX });
}

/** An authenticator whose code was right, with what the store writes. */
interface CheckedAuthenticator {
  readonly authenticator: AuthenticatorRecord;
  /** The time step of the code. */
  readonly step: number;
  readonly newCodes: { readonly codes: readonly string[]; readonly record: RecoveryCodesRecord };
  readonly event: AuditEvent;
}

/** Compares the code with an authenticator that is not confirmed. @throws {RecordNotFound} @throws {FactorRefused} */
async function checkNewAuthenticator(
  context: AuthContext,
  { userId, authenticatorId, code, caller }: Confirmation,
): Promise<CheckedAuthenticator> {
  const { authenticators } = await context.store.findFactors({ userId });
  const authenticator = authenticators.find(({ id }) => id === authenticatorId);
  const since = context.clock.now() - CONFIRMATION_MS;
  const isOpen = authenticator?.confirmedAt === null && authenticator.createdAt > since;
  if (authenticator === undefined || !isOpen) throw noSuchFactor();
  const step = await checkAuthenticator(context, authenticator, code);
  if (step === undefined) throw new FactorRefused();
  const event = createEvent(context, 'factor_added', userId, caller);
  return { authenticator, step, newCodes: createCodes(context, userId), event };
}

/** Makes an authenticator a factor: its first code shows that the app has the secret. */
export async function confirmAuthenticator(
  context: AuthContext,
  confirmation: Confirmation,
): Promise<ConfirmedAuthenticator> {
  const checked = await checkNewAuthenticator(context, confirmation);
  const { authenticator, step, newCodes, event } = checked;
  const { userId, session } = confirmation;
  const now = context.clock.now();
  const confirmed = await context.store.confirmAuthenticator({
    userId,
    authenticatorId: authenticator.id,
    step,
    createdAfter: now - CONFIRMATION_MS,
    recoveryCodes: newCodes.record,
    session: session && { id: session.id, amr: addSecondFactor(session.amr) },
    now,
    event,
  });
  if (confirmed.status === 'gone') throw noSuchFactor();
  const factor = toFactor({ ...authenticator, lastUsedAt: now });
  return confirmed.hasNewCodes ? { factor, recoveryCodes: newCodes.codes } : { factor };
}

/** Removes a factor. With the last one the recovery codes go as well. @throws {RecordNotFound} */
export async function removeFactor(
  context: AuthContext,
  userId: string,
  authenticatorId: string,
  caller: Caller,
): Promise<void> {
  const event = createEvent(context, 'factor_removed', userId, caller);
  const { found } = await context.store.removeAuthenticator({ userId, authenticatorId, event });
  if (!found) throw noSuchFactor();
}

/** Replaces the recovery codes. @throws {RecordNotFound} when the account has no factor */
export async function replaceRecoveryCodes(
  context: AuthContext,
  userId: string,
  caller: Caller,
): Promise<readonly string[]> {
  const { codes, record: recoveryCodes } = createCodes(context, userId);
  const what = { type: 'recovery_codes_replaced', subject: aboutUser(userId) } as const;
  const event = context.createEvent(what, identify(caller, userId));
  const { found } = await context.store.replaceRecoveryCodes({ recoveryCodes, event });
  if (!found) {
    throw new RecordNotFound('Recovery codes belong to a second factor. Set one up first.');
  }
  return codes;
}

function createCodes(
  { random, clock, dataRoots }: AuthContext,
  userId: string,
): CheckedAuthenticator['newCodes'] {
  const { codes, key, macs } = createRecoveryCodes(random);
  const sealedKey = sealValue(dataRoots(), placeOfKey({ userId }), key, random);
  return { codes, record: { userId, sealedKey, macs, createdAt: clock.now() } };
}

function createEvent(
  context: AuthContext,
  type: 'factor_added' | 'factor_removed',
  userId: string,
  caller: Caller,
): AuditEvent {
  const what = { type, subject: aboutUser(userId), changes: { kind: 'totp' } } as const;
  return context.createEvent(what, identify(caller, userId));
}

function toFactor({ id, name, createdAt, lastUsedAt }: AuthenticatorRecord): SecondFactor {
  return { id, kind: 'totp', name, createdAt, lastUsedAt };
}

function noSuchFactor(): RecordNotFound {
  return new RecordNotFound(
    'You have no such factor. If it was not confirmed in time, add it again.',
  );
}
