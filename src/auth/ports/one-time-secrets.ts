import type { FactorUse } from './factor-use.ts';

/** A one-time secret as stored. The database holds neither its token nor its code. */
export interface OneTimeSecretRecord {
  /** UUIDv7. */
  readonly id: string;
  /** What it may be used for; the name of one of `SECRET_PURPOSES`. */
  readonly purpose: string;
  /** The id of the user it is about, or another name for a person without an account. */
  readonly subject: string;
  /** Authenticates every member of this record, apart from the attempts, with the token and the code. */
  readonly mac: string;
  /** What its use needs to know, as JSON, or null. */
  readonly data: string | null;
  /** The browser that asked for it, as a MAC of its cookie, or null. */
  readonly browser: string | null;
  /** From when it is refused; ms since the epoch. */
  readonly expiresAt: number;
  /** From when its code is refused; ms since the epoch. Null: it has no code. */
  readonly codeExpiresAt: number | null;
}

/**
 * Names the secret that a verb consumes in its own transaction. The caller has checked the token or the code
 * against the record with this MAC.
 */
export interface SecretUse extends Pick<OneTimeSecretRecord, 'id' | 'purpose' | 'subject' | 'mac'> {
  /** ms since the epoch. */
  readonly now: number;
}

/** The challenge of a sign-in, with the code that answers it. Both are used up, or neither. */
export interface AnsweredChallenge {
  readonly consume: SecretUse;
  readonly factor: FactorUse;
}

/** The verbs for one-time secrets. A secret is live until it expires or is used. */
export interface OneTimeSecretStore {
  /**
   * Stores a secret. With a `bound`, it replaces live secrets of the same purpose and subject: the one whose id is
   * `replaces`, which may be its own, and those of the same browser. The others stay.
   * With an `answer`, the secret is the next challenge of a sign-in: the earlier one is used up, with the code of the
   * second factor that answers it.
   * @returns `full` if `limit` others live. With `endsOldest`, the oldest of them ends instead. `refused`: the answer
   *   is no longer good, and nothing was written
   */
  createOneTimeSecret(args: {
    secret: OneTimeSecretRecord;
    bound: { limit: number; endsOldest: boolean; replaces: string | null } | null;
    answer?: AnsweredChallenge;
    /** ms since the epoch. */
    now: number;
  }): Promise<{ status: 'created' | 'full' | 'refused' }>;

  /** Finds the secret of this id and purpose, if it is live. */
  findOneTimeSecret(args: {
    id: string;
    purpose: string;
    /** ms since the epoch. */
    now: number;
  }): Promise<OneTimeSecretRecord | undefined>;

  /**
   * Does the same when a code is presented. It counts the attempt before the code is compared. The attack: many
   * parallel attempts; no more than `maxAttempts` are compared. Finds nothing after that, when the code has expired,
   * or if `subject` is given and differs.
   */
  tryOneTimeCode(args: {
    id: string;
    purpose: string;
    subject: string | null;
    maxAttempts: number;
    /** ms since the epoch. */
    now: number;
  }): Promise<OneTimeSecretRecord | undefined>;

  /** Uses the secret up, if it is live. Verbs that take a `consume` do the same in their own transaction. */
  consumeOneTimeSecret(use: SecretUse): Promise<{ found: boolean }>;
}
