import type { Session } from '../model.ts';
import type { AuthSettings } from '../settings.ts';

/** How long a session lives that is used now. */
export interface SessionLifetime {
  /** When it expires if it is not used again; ms since the epoch. */
  readonly expiresAt: number;
  /** How long after its start it ends, however often it is used; ms. */
  readonly maxAgeMs: number;
}

/** @param now ms since the epoch */
export function findLifetime(
  { refreshTokenTtl, sessionMaxAge }: AuthSettings,
  now: number,
): SessionLifetime {
  return { expiresAt: now + refreshTokenTtl * 1000, maxAgeMs: sessionMaxAge * 1000 };
}

/** @returns the `expiresAt` of a session that is used now; ms since the epoch */
export function limitExpiry(createdAt: number, { expiresAt, maxAgeMs }: SessionLifetime): number {
  return Math.min(expiresAt, createdAt + maxAgeMs);
}

/** Whether a session has reached its maximum age. One that started under a longer one may have, and be unexpired. */
export function isPastMaxAge(
  { createdAt }: Pick<Session, 'createdAt'>,
  { now, maxAgeMs }: Pick<SessionLifetime, 'maxAgeMs'> & { readonly now: number },
): boolean {
  return now - createdAt >= maxAgeMs;
}
