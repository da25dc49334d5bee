import { RefreshRefused } from '../../kernel/errors.ts';
import type { AuthContext } from '../context.ts';
import type { Session } from '../model.ts';
import { findRefreshableSession } from '../sessions/find-session.ts';

/** A refresh token that would be accepted now, and the session it belongs to. */
export interface LiveRefreshToken {
  /** The session that the token refreshes. */
  readonly session: Session;
  /** The client that the token was issued to. */
  readonly clientId: string;
}

/**
 * Finds the session of a refresh token that would be accepted now: see `Auth.findRefreshToken`. Only reads: an old
 * token ends its session only when it is presented for a refresh.
 */
export async function findRefreshToken(
  context: AuthContext,
  token: string,
): Promise<LiveRefreshToken | undefined> {
  const claims = parseOrNothing(() => context.refreshTokens.parse(token));
  const found = claims && (await findRefreshableSession(context, claims));
  // A token that only a late retry could use counts as replaced: see `Verdict`.
  if (found === undefined || found.verdict === 'retried') return undefined;
  return { session: found.session, clientId: found.session.clientId ?? context.settings.clientId };
}

function parseOrNothing<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RefreshRefused) return undefined;
    throw error;
  }
}
