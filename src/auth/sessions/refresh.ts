import { RefreshRefused } from '../../kernel/errors.ts';
import type { Caller } from '../audit/caller.ts';
import { type AuditEvent, aboutUser } from '../audit/event.ts';
import { isClientId } from '../clients/client-key.ts';
import { type AuthContext, findIssuedUntil } from '../context.ts';
import type { Session } from '../model.ts';
import { findRefreshableSession } from './find-session.ts';
import { findLifetime } from './session-lifetime.ts';
import {
  type IssuedAccess,
  type IssuedTokens,
  issue,
  issueCurrentTokens,
} from './tokens/issued-tokens.ts';
import type { TokenLimits } from './tokens/token-limits.ts';

/** Exchanges a refresh token: see `Auth.refresh`, and `classifyGeneration` for the rule. */
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
  let issued: IssuedAccess | undefined;
  const mayFail = settings.claims !== undefined || settings.scopes !== undefined;
  if (mayFail || limits !== undefined || clientId !== null) {
    // Checked and issued before the rotation: if a hook of the host throws, a token is too long, or another client
    // asks, the session must not have been rotated without its client getting the successor.
    const found = await findRefreshableSession(context, { userId, sessionId, generation });
    if (found !== undefined) assertOwnSession(context, found.session, clientId);
    if (found !== undefined) issued = await issue(context, found.user, found.refreshed, limits);
  }
  const now = clock.now();
  const rotate = (event: AuditEvent | null) =>
    store.rotateSession({
      sessionId,
      generation,
      now,
      grace: settings.refreshGrace * 1000,
      issuedUntil: findIssuedUntil(clock),
      event,
      ...findLifetime(settings, now),
    });
  let result = await rotate(null);
  if (result.status === 'reused') {
    // The event carries a proof, which costs too much to be made for each refresh that succeeds.
    result = await rotate(createReuseEvent(context, userId, sessionId, caller));
  }
  if (result.status === 'reused') {
    context.log.apply(result.revocations ?? []);
    throw new RefreshRefused(
      'refresh_token_reused',
      'This refresh token was used before, so its session has been ended to be safe. Sign in again.',
    );
  }
  if (result.status === 'gone') throw await explainGone(context, userId);
  const { user, session } = result;
  assertOwnSession(context, session, clientId);
  return issueCurrentTokens(context, issued, user, session);
}

function createReuseEvent(
  { createEvent }: AuthContext,
  userId: string,
  sessionId: string,
  caller: Caller,
): AuditEvent {
  const reason = 'refresh_token_reused';
  return createEvent({ type: reason, subject: aboutUser(userId), sessionId, reason }, caller);
}

/**
 * The attack: a stolen refresh token is presented without the secret of the client that it was issued to. A request
 * of a client is checked before anything is written. A request without a client is checked after the rotation, to
 * save a query; the owner then refreshes as after a lost response.
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
