import type { Session } from '../model.ts';
import type { AuthSettings } from '../settings.ts';

/** How long a session lives that is refreshed now. */
export interface SessionLifetime {
  /** When it expires unless it is refreshed; ms since the epoch. */
  readonly expiresAt: number;
  /** How long after its start it ends, however often it is refreshed. */
  readonly maxAgeMs: number;
}

/** The lifetime of a session that starts or is refreshed now. @param now ms since the epoch */
export function findLifetime(
  { refreshTokenTtl, sessionMaxAge }: AuthSettings,
  now: number,
): SessionLifetime {
  return { expiresAt: now + refreshTokenTtl * 1000, maxAgeMs: sessionMaxAge * 1000 };
}

/** @returns the `expiresAt` of a session that is refreshed now; ms since the epoch */
export function limitExpiry(createdAt: number, { expiresAt, maxAgeMs }: SessionLifetime): number {
  return Math.min(expiresAt, createdAt + maxAgeMs);
}

/** Whether a session has reached its maximum age. It may not have expired yet, if the maximum age was lowered. */
export function isPastMaxAge(
  { createdAt }: Pick<Session, 'createdAt'>,
  { now, maxAgeMs }: Pick<SessionLifetime, 'maxAgeMs'> & { readonly now: number },
): boolean {
  return now - createdAt >= maxAgeMs;
}
