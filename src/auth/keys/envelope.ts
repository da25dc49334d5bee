/**
 * What root keys are for. `tokens`: refresh tokens, and the sealing of signing keys. A restore replaces them.
 * `data`: what must be read again after a restore, and one-time secrets.
 */
export type RootKind = 'tokens' | 'data';

/** The root keys of one kind, sealed by the domain under a secret or under a root key for tokens. */
export interface Envelope {
  /** Tells its kind and what opens it, and nothing that helps to guess that. */
  readonly id: string;
  readonly kind: RootKind;
  readonly sealed: string;
  readonly createdAt: number;
  /** When it will be removed, or null. */
  readonly endsAt: number | null;
}
