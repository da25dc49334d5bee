import type { FactorUse } from './factor-use.ts';
import type { AnsweredChallenge, SecretUse } from './one-time-secrets.ts';

/**
 * The last thing that a user proved in order to sign in, with what must still hold when the session is written. The
 * sign-in fails if, between the two, the password changes, the user is disabled, or another request uses the same
 * link.
 */
export type Proof = PasswordProof | OneTimeProof | SecondFactorProof;

/** The user presented the password. */
export interface PasswordProof {
  readonly kind: 'password';
  /** The hash that the password matched. It must still be the user's. */
  readonly verifiedHash: string;
  /** The hash that replaces an outdated one; null: it is not outdated. */
  readonly rehash: string | null;
}

/**
 * The user presented something that a one-time secret was made for: a mailed `code` or `link` is one itself, and
 * the challenge that a `passkey`, a `recovery` code or the answer of another provider (`identity`) belongs to is
 * one. A change of the password, which may follow a theft, ends them all.
 */
export interface OneTimeProof {
  readonly kind: 'code' | 'link' | 'passkey' | 'recovery' | 'identity';
  /**
   * Used up in the transaction that writes the session. It must be about the user, except for a `passkey` or an
   * `identity`: their challenges are made before the user is known, and the caller has checked whose they are.
   */
  readonly consume: SecretUse;
}

/** The user presented a second factor after another proof, which led to a challenge. */
export interface SecondFactorProof extends AnsweredChallenge {
  readonly kind: 'second_factor';
}

/** What a user presented within a session: the password, or a second factor. */
export type RenewalProof =
  | PasswordProof
  | { readonly kind: 'second_factor'; readonly factor: FactorUse };
