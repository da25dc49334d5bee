/**
 * What a user proved in order to sign in, with what must still be true when the session is written. Nothing
 * that happens between the two can be outrun: a password that changes, or a user who is disabled.
 */
export type Proof = PasswordProof;

/** The user presented the password. */
export interface PasswordProof {
  readonly kind: 'password';
  /** The hash that the password matched. It must still be the user's. */
  readonly verifiedHash: string;
  /** Replaces that hash, where it is outdated; null: nothing does. */
  readonly rehash: string | null;
}
