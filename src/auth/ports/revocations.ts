import type { Revocation } from '../../revocation/revocation.ts';
import type { AuditEvent } from '../audit/event.ts';

/**
 * The name in the shared state of the longest lifetime that access tokens of this database ever had, in seconds. A
 * node raises the value before it issues its first token.
 */
export const LONGEST_ACCESS_TTL = 'longest_access_token_ttl';

/** An entry of the revocation log that is to be written. */
export interface NewRevocation extends Omit<Revocation, 'seq' | 'expiresAt'>, Outliving {}

/** What tells the store how long entries of the revocation log must live. */
export interface Outliving {
  /**
   * The entry outlives every access token that was issued until then; ms since the epoch. The store adds
   * the longest lifetime ({@link LONGEST_ACCESS_TTL}) in the statement that writes the entry, as another
   * node may raise it at any moment.
   */
  readonly issuedUntil: number;
}

/** The outcome of a verb that may revoke. `found` is false when there was nothing to act upon. */
export interface RevocationResult {
  readonly found: boolean;
  /** The log entries this verb wrote, for this node to apply at once. */
  readonly revocations: readonly Revocation[];
}

/** Fields every revoking verb needs: how long its log entries must live, and what the audit says. */
export interface RevocationArgs extends Outliving {
  readonly event: AuditEvent;
}

/** The verbs for the revocation log. */
export interface RevocationStore {
  /** Revokes one access token by its `jti`. */
  revokeToken(args: { jti: string } & RevocationArgs): Promise<RevocationResult>;

  /** Log entries after `seq` that are still live at `now`, in order, with the newest `seq` of the log. */
  listRevocations(args: {
    after: number;
    now: number;
  }): Promise<{ revocations: Revocation[]; lastSeq: number }>;

  /**
   * Where the database can tell: calls back soon after the log has grown, by whichever process, and
   * whenever it may have grown unheard. Resolves, even while the database is away, to what ends it. A
   * call may get lost, so entries must be looked for now and then all the same.
   * @param onAttempt called after each attempt to connect and listen: with the reason if it failed
   */
  subscribe?(
    onChange: () => void,
    onAttempt?: (error?: unknown) => void,
  ): Promise<() => Promise<void>>;
}
