import type { Caller } from '../audit/caller.ts';
import type { AuthContext } from '../context.ts';
import type { UserRecord } from '../model.ts';
import type { Principal } from '../sessions/principal.ts';
import { findRecord, normaliseReference } from '../users/user-records.ts';
import type { UserReference } from '../users/user-reference.ts';
import { Attempt } from './attempt.ts';
import { FAILURES_BEFORE_SECOND_PROOF } from './bucket-kinds.ts';
import { createDeviceToken, findKnownDevice, mayBeKnown } from './known-devices.ts';

/** The user that a sign-in names, and the place of the attempt. */
export interface SignInAttempt {
  /** Undefined: there is no such user. */
  readonly record: UserRecord | undefined;
  readonly attempt: Attempt;
}

/**
 * Finds the user and admits the attempt, before anything is hashed. A known device has a bucket of its own for its
 * accounts. Everybody else shares the bucket of the name as it was sent, and that of the network.
 * @throws {TooManyAttempts}
 * @throws {ServerOverloaded} when the password could not be hashed now; nothing was counted
 */
export async function beginSignIn(
  context: AuthContext,
  reference: UserReference,
  caller: Caller,
): Promise<SignInAttempt> {
  const { limiter, hasher } = context;
  const { deviceToken } = caller;
  // With this the database is not asked at all while the queue is full.
  hasher.assertRoom?.({ isStranger: !mayBeKnown(deviceToken) });
  if (limiter.isOff) {
    return { record: await findRecord(context, reference), attempt: await limiter.admit([]) };
  }
  if (mayBeKnown(deviceToken)) {
    const record = await findRecord(context, reference);
    const attempt = record && (await admitKnownDevice(context, record, deviceToken));
    if (attempt !== undefined) return { record, attempt };
    hasher.assertRoom?.({ isStranger: true });
    return { record, attempt: await admitStranger(context, reference, caller) };
  }
  // Both at the same time: no round trip more than without a limit.
  const [record, attempt] = await Promise.all([
    findRecord(context, reference),
    admitStranger(context, reference, caller),
  ]);
  return { record, attempt };
}

/** @returns undefined if the device is not known for the account, or failed too often */
async function admitKnownDevice(
  { limiter, dataRoots }: AuthContext,
  record: UserRecord,
  token: string | undefined,
): Promise<Attempt | undefined> {
  const deviceId = findKnownDevice(dataRoots(), token, record);
  if (deviceId === undefined) return undefined;
  const admitted = await limiter.tryAdmit([limiter.placeOf('device', deviceId, record.id)], true);
  return admitted instanceof Attempt ? admitted : undefined;
}

function admitStranger(
  { limiter }: AuthContext,
  reference: UserReference,
  { address }: Caller,
): Promise<Attempt> {
  const places = [
    limiter.placeOf('identifier', ...describeIdentifier(reference)),
    ...limiter.listAddressPlaces(address, 'failures'),
  ];
  return limiter.admit(places, reference);
}

/**
 * Admits a guess of the current password within a session. The bucket is that of the session: a thief with a stolen
 * token cannot keep the owner, who has another session, from changing the password.
 * @throws {TooManyAttempts}
 */
export async function beginInSession(
  context: AuthContext,
  { sub: userId, sid: sessionId }: Principal,
  { address, deviceToken }: Caller,
): Promise<Attempt> {
  const { limiter, hasher, dataRoots } = context;
  hasher.assertRoom?.();
  if (limiter.isOff) return limiter.admit([]);
  const record = mayBeKnown(deviceToken) ? await findRecord(context, { id: userId }) : undefined;
  const isKnown =
    record !== undefined && findKnownDevice(dataRoots(), deviceToken, record) !== undefined;
  const places = [
    limiter.placeOf('session', sessionId),
    ...(isKnown ? [] : limiter.listAddressPlaces(address, 'failures')),
  ];
  return limiter.admit(places, { id: userId }, true);
}

/** Admits one more account from a network. @throws {TooManyAttempts} */
export async function beginRegistration(
  { limiter, hasher }: AuthContext,
  { address }: Caller,
): Promise<Attempt> {
  hasher.assertRoom?.({ isStranger: address !== null });
  return limiter.admit(limiter.listAddressPlaces(address, 'registrations'));
}

/**
 * The token that makes a device known for the account to which it has just signed in.
 * @param attempt the sign-in; undefined: the account was just created
 * @returns nothing if the limits are off
 */
export function rememberDevice(
  { limiter, random, dataRoots }: AuthContext,
  record: UserRecord,
  { deviceToken: before }: Caller,
  attempt?: Attempt,
): { readonly deviceToken?: string } {
  if (limiter.isOff) return {};
  const roots = dataRoots();
  // A device that is known and came as a stranger had failed too often.
  const hadFailed =
    attempt?.isKnownDevice === false && findKnownDevice(roots, before, record) !== undefined;
  const deviceToken = createDeviceToken(roots, random, record, { before, isTrusted: !hadFailed });
  return { deviceToken };
}

/**
 * Whether a correct password is not enough, because so many guesses failed before it that one of them may have been
 * right. Then the sign-in also needs one of the account's second proofs. No account has one yet.
 * @param secondProofs those of the account, such as a mailed code, a factor or a passkey
 */
export function needsSecondProof(
  { isKnownDevice, failuresBefore }: Attempt,
  secondProofs: readonly string[],
): boolean {
  const mayBeGuessed = !isKnownDevice && failuresBefore >= FAILURES_BEFORE_SECOND_PROOF;
  return mayBeGuessed && secondProofs.length > 0;
}

/**
 * A name as its bucket knows it. Two spellings of one name are one bucket. An account's username and its address are
 * two, because one would tell that the two belong together.
 */
export function describeIdentifier(reference: UserReference): [kind: string, text: string] {
  const kind = 'username' in reference ? 'username' : 'email' in reference ? 'email' : 'id';
  return [kind, normaliseReference(reference)];
}
