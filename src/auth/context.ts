import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import type { Caller } from './audit/caller.ts';
import type { NewAuditEvent } from './audit/event.ts';
import type { EventMaker } from './audit/event-maker.ts';
import type { DecoyHashes } from './credentials/passwords/decoy-hashes.ts';
import type { RootKey } from './keys/root-keys.ts';
import type { AttemptLimiter } from './limits/attempt-limiter.ts';
import type { Notice } from './notice.ts';
import type { PasswordHasher } from './ports/password-hasher.ts';
import {
  LONGEST_ACCESS_TTL,
  type RevocationArgs,
  type RevocationResult,
} from './ports/revocations.ts';
import type { Store } from './ports/store.ts';
import type { RevocationLog } from './revocations/revocation-log.ts';
import type { AccessTokenIssuer } from './sessions/tokens/access-token-issuer.ts';
import type { RefreshTokenCodec } from './sessions/tokens/refresh-token.ts';
import { type AuthSettings, REVOCATION_MARGIN_MS } from './settings.ts';

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
   * Resolves when this node can issue tokens. Await it before anything is written: a node without keys must not
   * store a session for which it cannot return tokens.
   * @throws {StoreUnavailable}
   */
  readonly assertCanIssue: () => Promise<void>;
  /** What is verified for those who have no password hash. */
  readonly decoys: DecoyHashes;
  readonly createEvent: EventMaker;
  /** Tells the operator something. */
  readonly notify: (notice: Notice) => void;
  /** Limits guessing. */
  readonly limiter: AttemptLimiter;
  /** The root keys for data, which one-time secrets depend on; the newest first. @throws {StoreUnavailable} */
  readonly dataRoots: () => readonly RootKey[];
}

/** @returns the `issuedUntil` of a revocation that is written now; ms since the epoch */
export function findIssuedUntil(clock: Clock): number {
  return clock.now() + REVOCATION_MARGIN_MS;
}

/**
 * Tells all nodes how long access tokens of this node live. A revocation must outlive every token it affects, also
 * those that other nodes issue and those that were issued under an earlier setting.
 * @returns the longest lifetime that access tokens of this database ever had; seconds
 */
export function raiseLongestAccessTtl(
  store: Store,
  { accessTokenTtl }: AuthSettings,
): Promise<number> {
  return store.setMax({ name: LONGEST_ACCESS_TTL, value: Math.ceil(accessTokenTtl) });
}

/** Makes the arguments that every revoking verb of the store takes. */
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

/**
 * Waits for a revoking verb, as {@link runRevocation} does.
 * @returns whether it found something to revoke
 */
export async function revoke(
  context: AuthContext,
  verb: Promise<RevocationResult>,
): Promise<boolean> {
  return (await runRevocation(context, verb)).found;
}

/**
 * Waits for a revoking verb and applies its revocations here, before its caller hears of success. If the verb found
 * nothing to revoke, another node may have revoked it, or an earlier attempt whose response was lost: then this reads
 * the log, which has the revocation.
 */
export async function runRevocation<T extends RevocationResult>(
  context: AuthContext,
  verb: Promise<T>,
): Promise<T> {
  const result = await verb;
  if (result.found) context.log.apply(result.revocations);
  else await context.log.catchUp();
  return result;
}
