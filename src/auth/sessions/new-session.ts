import { createUuid } from '../../kernel/uuid.ts';
import type { Caller } from '../audit/caller.ts';
import { trimUserAgent } from '../audit/event-maker.ts';
import type { AuthContext } from '../context.ts';
import type { Session } from '../model.ts';
import { findLifetime, limitExpiry } from './session-lifetime.ts';

/** How a session starts. */
export interface NewSession {
  readonly userId: string;
  /** How the user authenticated. @see RFC 8176 */
  readonly amr: readonly string[];
  /** When the user presented a second factor; ms since the epoch. Default: null, never. */
  readonly mfaTime?: number | null;
  /** Space-separated scopes the sign-in is narrowed to, or null for all that the host grants. */
  readonly scope: string | null;
  /** The client that asks for tokens; null: the first party. */
  readonly clientId: string | null;
  readonly caller: Caller;
}

/** Makes a session that starts now. Nothing is stored. */
export function createSession(
  { clock, random, settings }: AuthContext,
  { userId, amr, mfaTime = null, scope, clientId, caller }: NewSession,
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
    mfaTime,
    clientId: clientId ?? settings.clientId,
    scope,
    address: caller.address,
    userAgent: trimUserAgent(caller.userAgent),
  };
}
