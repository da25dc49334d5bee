import { isDeepStrictEqual } from 'node:util';
import type { AuthContext } from '../../context.ts';
import { type Session, toUser, type User, type UserRecord } from '../../model.ts';
import type { IssuedAccessToken } from './access-token-issuer.ts';
import { assertTokensFit, type TokenLimits } from './token-limits.ts';

/** The tokens of a sign-in, a refresh or a password change, with the user and the session they belong to. */
export interface IssuedTokens {
  /** The user as stored when the tokens were issued. */
  readonly user: User;
  /** The session as stored when the tokens were issued. */
  readonly session: Session;
  /** A signed JWT. A secret. @see RFC 9068 */
  readonly accessToken: string;
  /** Seconds until the access token expires. */
  readonly expiresIn: number;
  /** Space-separated scopes of the access token, or null if none is granted. */
  readonly scope: string | null;
  /** To be exchanged for new tokens by `Auth.refresh`. A secret. */
  readonly refreshToken: string;
  /** Seconds until the refresh token expires, rounded up. */
  readonly refreshExpiresIn: number;
  /**
   * After a sign-in: makes the device known for this account, as the cookie `latchkey_device` or as
   * `Caller.deviceToken` of the next sign-in. Undefined after a refresh, and where `limits` are off.
   */
  readonly deviceToken?: string;
}

/** An access token, and the user as its claims describe them. */
export interface IssuedAccess {
  readonly record: UserRecord;
  readonly access: IssuedAccessToken;
}

/**
 * Calls the host's hooks and signs an access token. Call it before anything is written: a hook that throws must
 * leave nothing behind.
 * @throws {RangeError} when a token would be longer than the limits allow
 * @throws {StoreUnavailable} when this node has no key to sign with
 */
export async function issue(
  context: AuthContext,
  record: UserRecord,
  session: Session,
  limits?: TokenLimits,
): Promise<IssuedAccess> {
  await context.assertCanIssue();
  const access = await context.issueAccessToken(record, session);
  if (limits !== undefined) {
    // The generation of the session after this refresh may have one digit more.
    const next = { ...session, generation: session.generation + 1 };
    const refreshToken = context.refreshTokens.encode(next);
    assertTokensFit({ accessToken: access.token, refreshToken }, limits);
  }
  return { record, access };
}

/**
 * Returns the tokens for a session that was just written. If the user changed while it was being written, issues the
 * access token again: a token must not describe the user as before.
 */
export async function issueCurrentTokens(
  context: AuthContext,
  issued: IssuedAccess | undefined,
  record: UserRecord,
  session: Session,
): Promise<IssuedTokens> {
  const isCurrent = issued !== undefined && hasSameClaims(issued.record, record);
  const current = isCurrent ? issued : await issue(context, record, session);
  return toIssuedTokens(context, current, session);
}

function hasSameClaims(before: UserRecord, now: UserRecord): boolean {
  return before.tokenVersion === now.tokenVersion && isDeepStrictEqual(toUser(before), toUser(now));
}

/** Adds the refresh token of a stored session to its access token. */
export function toIssuedTokens(
  context: AuthContext,
  { record, access }: IssuedAccess,
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
