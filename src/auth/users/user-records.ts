import { IdentifierTaken } from '../../kernel/errors.ts';
import { createUuid } from '../../kernel/uuid.ts';
import type { Caller } from '../audit/caller.ts';
import { type AuditChanges, type AuditEventType, aboutUser } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import type { Session, UserRecord } from '../model.ts';
import type { HashingTerms } from '../ports/password-hasher.ts';
import { findEmailKey, findUsernameKey, trimIdentifier } from './identifiers.ts';
import type { ParsedUser } from './new-user.ts';
import type { UserReference } from './user-reference.ts';

/** Finds the stored user that a reference names. A text that cannot be a username or an email address names no user. */
export async function findRecord(
  context: AuthContext,
  reference: UserReference,
): Promise<UserRecord | undefined> {
  if ('id' in reference) return context.store.findUser({ id: reference.id });
  if ('username' in reference) {
    const usernameKey = findUsernameKey(trimIdentifier(reference.username));
    return usernameKey === undefined ? undefined : context.store.findUser({ usernameKey });
  }
  const emailKey = findEmailKey(trimIdentifier(reference.email));
  return emailKey === undefined ? undefined : context.store.findUser({ emailKey });
}

/**
 * Normalises a reference, so that all spellings of it are one. A text that cannot be a username or an email address
 * stays as it is.
 */
export function normaliseReference(reference: UserReference): string {
  if ('id' in reference) return reference.id;
  const text = trimIdentifier('username' in reference ? reference.username : reference.email);
  return ('username' in reference ? findUsernameKey(text) : findEmailKey(text)) ?? text;
}

/** Finds the user that already has the username or the email address of a new user. */
export async function findUserWithSameName(
  { store }: AuthContext,
  { usernameKey, emailKey }: Pick<ParsedUser, 'usernameKey' | 'emailKey'>,
): Promise<{ record: UserRecord; field: 'username' | 'email' } | undefined> {
  if (usernameKey !== null) {
    const record = await store.findUser({ usernameKey });
    if (record !== undefined) return { record, field: 'username' };
  }
  if (emailKey !== null) {
    const record = await store.findUser({ emailKey });
    if (record !== undefined) return { record, field: 'email' };
  }
  return undefined;
}

/** Hashes the password and completes the record of a new user. Nothing is stored. @throws {ServerOverloaded} */
export async function createUserRecord(
  { clock, random, hasher }: AuthContext,
  parsed: ParsedUser,
  terms?: HashingTerms,
): Promise<UserRecord> {
  const { password, passwordHash, ...rest } = parsed;
  const hash = password === undefined ? (passwordHash ?? null) : await hasher.hash(password, terms);
  const now = clock.now();
  return {
    ...rest,
    id: createUuid(clock, random),
    passwordHash: hash,
    emailVerifiedAt: null,
    tokenVersion: 0,
    credentialVersion: 0,
    disabledAt: null,
    passwordChangeRequiredAt: null,
    passwordExpiresAt: null,
    secondFactorAt: null,
    createdAt: now,
    updatedAt: now,
  };
}

/**
 * Stores a new user, with its first session if there is one.
 * @throws {IdentifierTaken}
 * @throws {StoreUnavailable}
 */
export async function insertUser(
  context: AuthContext,
  user: UserRecord,
  session: Session | null,
  what: { readonly type: AuditEventType; readonly changes?: AuditChanges },
  caller: Caller,
): Promise<void> {
  const about = {
    subject: aboutUser(user.id),
    ...(session === null ? {} : { sessionId: session.id }),
  };
  const event = context.createEvent({ ...what, ...about }, caller);
  const result = await context.store.createUser({ user, session, event });
  if (result.status === 'taken') throw new IdentifierTaken(result.field);
}
