import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import type { Caller } from './audit/caller.ts';
import type { NewAuditEvent } from './audit/event.ts';
import type { EventMaker } from './audit/event-maker.ts';
import type { RootKey } from './keys/root-keys.ts';
import type { PasswordHasher } from './ports/password-hasher.ts';
import {
  LONGEST_ACCESS_TTL,
  type RevocationArgs,
  type RevocationResult,
} from './ports/revocations.ts';
import type { Store } from './ports/store.ts';
import type { RevocationLog } from './revocations/revocation-log.ts';
import type { AccessTokenIssuer } from './sessions/access-token-issuer.ts';
import type { RefreshTokenCodec } from './sessions/refresh-token.ts';
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
  /** What one-time secrets depend on, the newest first. @throws {StoreUnavailable} */
  readonly dataRoots: () => readonly RootKey[];
}

/** @returns the end of what a revocation of this moment is about, as the store wants it; ms since the epoch */
export function findIssuedUntil(clock: Clock): number {
  return clock.now() + REVOCATION_MARGIN;
}

/**
 * Makes the lifetime of this node's access tokens known to all nodes. A revocation must outlive every token
 * it is about, those included that other nodes issue or that were issued under an earlier setting.
 * @returns the longest lifetime access tokens of this database ever had; seconds
 */
export function raiseLongestAccessTtl(
  store: Store,
  { accessTokenTtl }: AuthSettings,
): Promise<number> {
  return store.setMax({ name: LONGEST_ACCESS_TTL, value: Math.ceil(accessTokenTtl) });
}

/** What every revoking verb of the store needs to be told. */
export function createRevocationArgs(
  context: AuthContext,
  event: NewAuditEvent,
  caller: Caller,
): RevocationArgs {
  return {
    issuedUntil: findIssuedUntil(context.clock),
    event: context.createEvent(event, caller),
  };
}

/** Runs a revoking verb and tells whether it found something, as {@link settleRevoked} does. */
export async function revoke(
  context: AuthContext,
  verb: Promise<RevocationResult>,
): Promise<boolean> {
  return (await settleRevoked(context, verb)).found;
}

/**
 * Runs a revoking verb; what it revoked is refused here before its caller hears of success. Where there
 * was nothing left to revoke, somebody else did: another node, or an attempt whose answer got lost. The
 * log then tells of what this node may not have heard yet.
 */
export async function settleRevoked<T extends RevocationResult>(
  context: AuthContext,
  verb: Promise<T>,
): Promise<T> {
  const result = await verb;
  if (result.found) context.log.apply(result.revocations);
  else await context.log.catchUp();
  return result;
}
