import type { AccessTokenIssuer } from './access-token-issuer.ts';
import type { Caller, EventMaker } from './audit.ts';
import type { AuditEventType } from './model.ts';
import type { Clock, PasswordHasher, Random, Revoked, Revoking, Store } from './ports.ts';
import type { RefreshTokenCodec } from './refresh-token.ts';
import type { RevocationLog } from './revocation-log.ts';
import { type AuthSettings, REVOCATION_MARGIN } from './settings.ts';

/** What the services of the domain share. */
export interface AuthContext {
  readonly settings: AuthSettings;
  readonly store: Store;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: RevocationLog;
  readonly refreshTokens: RefreshTokenCodec;
  readonly issueAccessToken: AccessTokenIssuer;
  /**
   * Resolves when tokens can be issued. To be awaited before anything is written, so that a node without
   * keys leaves no session behind whose tokens nobody was given.
   * @throws {StoreUnavailable}
   */
  readonly assertCanIssue: () => Promise<void>;
  readonly createEvent: EventMaker;
  /** Seconds: the longest lifetime access tokens of this database ever had. Other nodes may raise it. */
  longestAccessTtl: number;
}

/** What every revoking verb of the store needs to be told. */
export function createRevoking(
  context: AuthContext,
  type: AuditEventType,
  about: { userId: string | null; sessionId?: string },
  caller: Caller,
): Revoking {
  const { clock, longestAccessTtl } = context;
  return {
    revokeUntil: clock.now() + longestAccessTtl * 1000 + REVOCATION_MARGIN,
    event: context.createEvent(type, about, caller),
  };
}

/** Runs a revoking verb and tells whether it found something, as {@link settleRevoked} does. */
export async function revoke(context: AuthContext, verb: Promise<Revoked>): Promise<boolean> {
  return (await settleRevoked(context, verb)).found;
}

/**
 * Runs a revoking verb; what it revoked is refused here before its caller hears of success. Where there
 * was nothing left to revoke, somebody else did: another node, or an attempt whose answer got lost. The
 * log then tells of what this node may not have heard yet.
 */
export async function settleRevoked<T extends Revoked>(
  context: AuthContext,
  verb: Promise<T>,
): Promise<T> {
  const result = await verb;
  if (result.found) context.log.apply(result.revocations);
  else await context.log.catchUp();
  return result;
}
