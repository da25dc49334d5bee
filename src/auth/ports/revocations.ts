import type { Revocation } from '../../revocation/revocation.ts';
import type { AuditEvent } from '../audit/event.ts';

/**
 * The name in the shared state of the longest lifetime that access tokens of this database ever had, in seconds. A
 * node raises the value before it issues its first token.
 */
export const LONGEST_ACCESS_TTL = 'longest_access_token_ttl';

/** An entry of the revocation log that is to be written. */
export interface NewRevocation extends Omit<Revocation, 'seq' | 'expiresAt'>, Outliving {}

/** How long entries of the revocation log must live. */
export interface Outliving {
  /**
   * The entry outlives every access token that was issued until then; ms since the epoch. The store adds the longest
   * lifetime ({@link LONGEST_ACCESS_TTL}) in the statement that writes the entry, because another node may raise
   * it at any moment.
   */
  readonly issuedUntil: number;
}

/** The outcome of a verb that may revoke. */
export interface RevocationResult {
  /** False: there was nothing to change. */
  readonly found: boolean;
  /** The log entries that the verb wrote. This node applies them without waiting for the log. */
  readonly revocations: readonly Revocation[];
  /** If an administrator acts and may not: why. Nothing was written. */
  readonly refused?: AdministrationRefusal;
}

/** An administrator on whose behalf a verb acts. The verb checks it in its own transaction. */
export interface ActingAdministrator {
  readonly userId: string;
  /** Must be live. */
  readonly sessionId: string;
  /** The role of administrators. */
  readonly role: string;
}

/**
 * Why an administrator may not do something. `not_administrator`: the role or the session is gone. `administrator`: it
 * would change an administrator. `last_administrator`: no enabled one would be left.
 */
export type AdministrationRefusal = 'not_administrator' | 'administrator' | 'last_administrator';

/** What every revoking verb takes: how long its log entries must live, and the audit event. */
export interface RevocationArgs extends Outliving {
  readonly event: AuditEvent;
}

/** The verbs for the revocation log. */
export interface RevocationStore {
  /** Revokes one access token by its `jti`. */
  revokeToken(args: { jti: string } & RevocationArgs): Promise<RevocationResult>;

  /** Lists the log entries after a `seq` that are live at `now`, in order, with the newest `seq` of the log. */
  listRevocations(args: {
    after: number;
    now: number;
  }): Promise<{ revocations: Revocation[]; lastSeq: number }>;

  /**
   * Calls back soon after another process has appended to the log, and after a break in which one may have. A call can
   * get lost, so the log must still be read at intervals. Absent: the database cannot notify.
   * @param onAttempt called after each attempt to listen, with the error if it failed
   * @returns a function that ends the subscription. Resolves even while the database is away
   */
  subscribe?(
    onChange: () => void,
    onAttempt?: (error?: unknown) => void,
  ): Promise<() => Promise<void>>;
}
