import { type Caller, identify, systemCaller } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs } from '../context.ts';
import type { UserRecord } from '../model.ts';
import type { PlacesLeft } from '../ports/limits.ts';
import type { Proof } from '../ports/proof.ts';
import { createSession, type NewSession } from './new-session.ts';
import { type IssuedTokens, issue, issueCurrentTokens } from './tokens/issued-tokens.ts';
import type { TokenLimits } from './tokens/token-limits.ts';

/** A sign-in whose last proof was accepted. */
export interface ProvenSignIn extends Omit<NewSession, 'userId'> {
  /** The user as stored when the proof was accepted. */
  readonly record: UserRecord;
  readonly proof: Proof;
  /** The attempt that succeeds with the session. */
  readonly places?: PlacesLeft;
  readonly limits: TokenLimits | undefined;
}

/**
 * Starts a session, ends the least recently used one if the user has too many, and issues the tokens.
 * @returns undefined if the proof no longer holds; nothing is written
 * @throws {StoreUnavailable}
 * @throws {RangeError} when a token would be longer than the limits allow; nothing is written
 */
export async function startSession(
  context: AuthContext,
  { record, proof, places, limits, ...start }: ProvenSignIn,
): Promise<IssuedTokens | undefined> {
  const { id: userId } = record;
  const session = createSession(context, { userId, ...start });
  const issued = await issue(context, record, session, limits);
  const subject = aboutUser(userId);
  const started = { type: 'login_succeeded', subject, sessionId: session.id } as const;
  const opened = await context.store.openSession({
    session,
    proof,
    ...(places === undefined ? {} : { places }),
    event: context.createEvent(started, identify(start.caller, userId)),
    bound: {
      maxSessions: context.settings.maxSessions,
      ...createRevocationArgs(
        context,
        { type: 'session_ended', subject },
        bySessionLimit(start.caller),
      ),
    },
  });
  if (opened.status === 'refused') return undefined;
  context.log.apply(opened.revocations ?? []);
  return issueCurrentTokens(context, issued, opened.user, session);
}

/** The limit ends the least recently used session. The event shows the address of the sign-in that caused it. */
function bySessionLimit(caller: Caller): Caller {
  return { ...caller, actor: systemCaller('session-limit').actor };
}
