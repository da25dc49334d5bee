/**
 * What root keys are for. `tokens`: refresh tokens, and the sealing of signing keys; a restore replaces them.
 * `data`: one-time secrets, and what must be readable after a restore.
 */
export type RootKind = 'tokens' | 'data';

/** The root keys of one kind, sealed under a secret or under a root key for tokens. Times are ms since the epoch. */
export interface Envelope {
  /** Names its kind and the key that opens it, and nothing that helps to guess that key. */
  readonly id: string;
  readonly kind: RootKind;
  /** The root keys as JSON, encrypted with AES-256-GCM. */
  readonly sealed: string;
  readonly createdAt: number;
  /** When it is removed; null: it stays. */
  readonly endsAt: number | null;
}
