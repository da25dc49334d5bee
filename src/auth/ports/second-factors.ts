import type { AuditEvent } from '../audit/event.ts';
import type { SecretUse } from './one-time-secrets.ts';

/** An authenticator app of a user, as stored. Times are ms since the epoch. */
export interface AuthenticatorRecord {
  /** UUIDv7. */
  readonly id: string;
  readonly userId: string;
  /** For people: which app or phone it is. */
  readonly name: string;
  /** The secret that it shares with us, sealed. */
  readonly sealedSecret: string;
  /** The last time step of which a code was accepted. No code of it or of an earlier one is accepted. */
  readonly lastStep: number;
  readonly createdAt: number;
  /** When the user showed that it works; null: not yet, so it is not a factor. */
  readonly confirmedAt: number | null;
  readonly lastUsedAt: number | null;
}

/** The recovery codes of a user, as stored. */
export interface RecoveryCodesRecord {
  readonly userId: string;
  /** The key of the MACs, sealed. */
  readonly sealedKey: string;
  /** A MAC for each code that was not used. */
  readonly macs: readonly string[];
  /** ms since the epoch. */
  readonly createdAt: number;
}

/** All that a user has of second factors. */
export interface StoredFactors {
  /** The oldest first, with those that are not confirmed. */
  readonly authenticators: readonly AuthenticatorRecord[];
  readonly recoveryCodes: RecoveryCodesRecord | null;
}

/** A sealed value with the one that replaces it, after the root key was replaced. */
export interface Resealed {
  readonly table: 'authenticators' | 'recovery_codes';
  /** The id of the authenticator, or of the user. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** A sealed value, with where it is stored. */
export interface SealedValue extends Omit<Resealed, 'from' | 'to'> {
  readonly userId: string;
  readonly sealed: string;
}

/** The verbs for second factors. Times are ms since the epoch. */
export interface SecondFactorStore {
  findFactors(args: { userId: string }): Promise<StoredFactors>;

  /**
   * Stores an authenticator that is not confirmed. It takes the place of others of the user that are not.
   * @returns `full` if the user has `limit` confirmed ones; `gone` if there is no such user
   */
  addAuthenticator(args: {
    authenticator: AuthenticatorRecord;
    limit: number;
  }): Promise<{ status: 'added' | 'full' | 'gone' }>;

  /**
   * Makes an authenticator a factor, if it was stored after `createdAfter` and is not one yet. The time step of the
   * code that confirmed it is its first `lastStep`. `recoveryCodes` are stored if the user has none.
   *
   * A `session` of the user is from then on one that presented a second factor.
   * @returns `hasNewCodes`: the recovery codes were stored
   */
  confirmAuthenticator(args: {
    userId: string;
    authenticatorId: string;
    step: number;
    createdAfter: number;
    recoveryCodes: RecoveryCodesRecord;
    session: { readonly id: string; readonly amr: readonly string[] } | null;
    now: number;
    event: AuditEvent;
  }): Promise<{ readonly status: 'confirmed'; readonly hasNewCodes: boolean } | { status: 'gone' }>;

  /**
   * Removes an authenticator. With the last one the recovery codes go as well, and the account has no second factor.
   * The event is recorded if it was confirmed.
   */
  removeAuthenticator(args: {
    userId: string;
    authenticatorId: string;
    event: AuditEvent;
  }): Promise<{ found: boolean }>;

  /** Replaces the recovery codes of a user who has a factor. */
  replaceRecoveryCodes(args: {
    recoveryCodes: RecoveryCodesRecord;
    event: AuditEvent;
  }): Promise<{ found: boolean }>;

  /**
   * Counts a try at a challenge before the code is compared. The attack: many tries at the same moment.
   * @returns whether it is live and had fewer than `maxAttempts`
   */
  tryChallenge(args: SecretUse & { maxAttempts: number }): Promise<{ admitted: boolean }>;

  /** Lists what is sealed, by id. `after` is the last id of the previous page. */
  listSealed(args: {
    table: Resealed['table'];
    after: string | null;
    limit: number;
  }): Promise<SealedValue[]>;
}
