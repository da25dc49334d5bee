import { isDeepStrictEqual } from 'node:util';
import { IdentifierTaken, RefreshRefused } from '../../kernel/errors.ts';
import { createUuid } from '../../kernel/uuid.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { trimUserAgent } from '../audit/event-maker.ts';
import { isClientId } from '../clients/client-key.ts';
import { type AuthContext, createRevocationArgs } from '../context.ts';
import { type Session, toUser, type User, type UserRecord } from '../model.ts';
import { findSessionOf } from '../oauth/find-refresh-token.ts';
import { type NewUserInput, parseNewUser } from '../users/new-user.ts';
import { createUserRecord, findNamesake, insertUser } from '../users/users.ts';
import type { IssuedAccessToken } from './access-token-issuer.ts';
import { findLifetime, limitExpiry } from './session-lifetime.ts';
import { assertTokensFit, type TokenLimits } from './token-limits.ts';

/** What a user is given at a sign-in, a refresh or a change of the password. */
export interface IssuedTokens {
  readonly user: User;
  readonly session: Session;
  readonly accessToken: string;
  /** Seconds the access token lives. */
  readonly expiresIn: number;
  /** Space separated, or null where no scope is granted. */
  readonly scope: string | null;
  readonly refreshToken: string;
  /** Seconds the refresh token lives. */
  readonly refreshExpiresIn: number;
}

/**
 * Makes a user and signs it in, in one transaction.
 * @param limits of the tokens, where the answer carries less than a verifier accepts
 * @throws {InvalidInput}
 * @throws {Taken}
 * @throws {Overloaded}
 * @throws {RangeError} where a token would be longer than the limits allow; nothing is written
 */
export async function register(
  context: AuthContext,
  input: NewUserInput | unknown,
  caller: Caller,
  limits?: TokenLimits,
): Promise<IssuedTokens> {
  const record = await createNewRecord(context, input);
  const session = createSession(context, {
    userId: record.id,
    amr: ['pwd'],
    scope: null,
    clientId: null,
    caller,
  });
  const tokens = toIssuedTokens(context, await issue(context, record, session, limits), session);
  const registered = { type: 'user_registered' } as const;
  await insertUser(context, record, session, registered, identify(caller, record.id));
  return tokens;
}

/**
 * Makes a user of what a person sent, as strictly as {@link register} reads it, and signs nobody in.
 * @throws {InvalidInput}
 * @throws {Taken}
 * @throws {Overloaded}
 */
export async function createAccount(
  context: AuthContext,
  input: NewUserInput | unknown,
  caller: Caller,
): Promise<User> {
  const record = await createNewRecord(context, input);
  await insertUser(context, record, null, { type: 'user_registered' }, identify(caller, record.id));
  return toUser(record);
}

async function createNewRecord(context: AuthContext, input: unknown): Promise<UserRecord> {
  const parsed = parseNewUser(input, context.settings);
  // Asked before hashing: a name known to be taken must not cost a hash. The insert decides races.
  const namesake = await findNamesake(context, parsed);
  if (namesake !== undefined) throw new IdentifierTaken(namesake.field);
  return createUserRecord(context, parsed);
}

/**
 * Exchanges a refresh token: see {@link Store.rotateSession} for what is rotated and when. Every
 * success has a fresh access token.
 * @param limits of the tokens, where the answer carries less than a verifier accepts
 * @throws {RefreshRefused}
 * @throws {RangeError} where a token would be longer than the limits allow; nothing is written
 */
export async function refresh(
  context: AuthContext,
  refreshToken: string,
  caller: Caller,
  limits?: TokenLimits,
  clientId: string | null = null,
): Promise<IssuedTokens> {
  const { settings, clock, store } = context;
  const { userId, sessionId, generation } = context.refreshTokens.parse(refreshToken);
  await context.assertCanIssue();
  let issued: Issued | undefined;
  const mayFail = settings.claims !== undefined || settings.scopes !== undefined;
  if (mayFail || limits !== undefined || clientId !== null) {
    // A hook of the host's that throws, a token that is too long, or another client must not leave a rotated
    // session behind whose token nobody was given.
    const found = await findSessionOf(context, { userId, sessionId, generation });
    if (found !== undefined) assertOwnSession(context, found.session, clientId);
    if (found !== undefined) issued = await issue(context, found.user, found.refreshed, limits);
  }
  const now = clock.now();
  const result = await store.rotateSession({
    sessionId,
    generation,
    now,
    grace: settings.refreshGrace * 1000,
    ...findLifetime(settings, now),
    ...createRevocationArgs(
      context,
      {
        type: 'refresh_token_reused',
        subject: aboutUser(userId),
        sessionId,
        reason: 'refresh_token_reused',
      },
      caller,
    ),
  });
  if (result.status === 'reused') {
    context.log.apply(result.revocations);
    throw new RefreshRefused(
      'refresh_token_reused',
      'This refresh token was used before, so its session has been ended to be safe. Sign in again.',
    );
  }
  if (result.status === 'gone') throw await explainGone(context, userId);
  const { user, session } = result;
  assertOwnSession(context, session, clientId);
  return toIssuedTokens(
    context,
    await issueAgainIfChanged(context, issued, user, session),
    session,
  );
}

/**
 * A refresh token is worth nothing without the secret of the client that it was issued to. A client that refreshes
 * its own session is checked before anything is written; whoever comes without a secret costs a rotation, which the
 * client survives like a lost answer.
 * @see RFC 6749 section 6
 */
function assertOwnSession(
  { settings }: AuthContext,
  { clientId: owner }: Session,
  clientId: string | null,
): void {
  const isFirstParty = owner === null || owner === settings.clientId || !isClientId(owner);
  if ((isFirstParty ? null : owner) === clientId) return;
  throw new RefreshRefused(
    'refresh_token_invalid',
    'This refresh token was issued to another client. Authenticate as that client, at the token endpoint.',
  );
}

async function explainGone(context: AuthContext, userId: string): Promise<RefreshRefused> {
  if ((await context.store.findUser({ id: userId })) === undefined) {
    return new RefreshRefused('user_gone', 'The user of this refresh token no longer exists.');
  }
  return new RefreshRefused('session_ended', 'This session has ended. Sign in again.');
}

/** How a session starts. */
export interface NewSession {
  readonly userId: string;
  /** How the user authenticated. @see RFC 8176 */
  readonly amr: readonly string[];
  /** Space separated scopes the sign-in is narrowed to, or null for all the host grants. */
  readonly scope: string | null;
  /** The client that asks for tokens; null: the first party. */
  readonly clientId: string | null;
  readonly caller: Caller;
}

/** A session that starts now. */
export function createSession(
  { clock, random, settings }: AuthContext,
  { userId, amr, scope, clientId, caller }: NewSession,
): Session {
  const now = clock.now();
  return {
    id: createUuid(clock, random),
    userId,
    generation: 0,
    rotatedAt: now,
    expiresAt: limitExpiry(now, findLifetime(settings, now)),
    createdAt: now,
    authTime: now,
    amr,
    mfaTime: null,
    clientId: clientId ?? settings.clientId,
    scope,
    address: caller.address,
    userAgent: trimUserAgent(caller.userAgent),
  };
}

/** An access token, with the user as it speaks of them. */
export interface Issued {
  readonly record: UserRecord;
  readonly access: IssuedAccessToken;
}

/**
 * Asks the host's hooks and signs. To be called before anything is written, so that a hook that throws
 * leaves nothing behind.
 */
export async function issue(
  context: AuthContext,
  record: UserRecord,
  session: Session,
  limits?: TokenLimits,
): Promise<Issued> {
  await context.assertCanIssue();
  const access = await context.issueAccessToken(record, session);
  if (limits !== undefined) {
    // The successor's generation may have one digit more.
    const next = { ...session, generation: session.generation + 1 };
    const refreshToken = context.refreshTokens.encode(next);
    assertTokensFit({ accessToken: access.token, refreshToken }, limits);
  }
  return { record, access };
}

/** No token may say of a user what was true before the session was written and is so no more. */
export async function issueAgainIfChanged(
  context: AuthContext,
  issued: Issued | undefined,
  record: UserRecord,
  session: Session,
): Promise<Issued> {
  return issued !== undefined && saysTheSame(issued.record, record)
    ? issued
    : issue(context, record, session);
}

function saysTheSame(before: UserRecord, now: UserRecord): boolean {
  return before.tokenVersion === now.tokenVersion && isDeepStrictEqual(toUser(before), toUser(now));
}

export function toIssuedTokens(
  context: AuthContext,
  { record, access }: Issued,
  session: Session,
): IssuedTokens {
  return {
    user: toUser(record),
    session,
    accessToken: access.token,
    expiresIn: access.expiresIn,
    scope: access.scope,
    refreshToken: context.refreshTokens.encode(session),
    // Rounded up: a cookie may outlive its token by a moment, and must not end before it.
    refreshExpiresIn: Math.ceil((session.expiresAt - context.clock.now()) / 1000),
  };
}
