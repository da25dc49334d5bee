import type { Revocation } from '../../revocation/revocation.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { Envelope } from '../keys/envelope.ts';
import type { StoredKey } from '../keys/stored-key.ts';
import type { NewRevocation } from './revocations.ts';
import type { Resealed } from './second-factors.ts';

/** All signing keys and envelopes, as of one version. */
export interface KeySnapshot {
  /** Counts the changes, from 0. */
  readonly version: number;
  /** Ordered by `activeAt`. */
  readonly keys: readonly StoredKey[];
  readonly envelopes: readonly Envelope[];
}

/** A change of keys and envelopes. It is written as a whole or not at all. */
export interface KeyChange {
  /** New keys, and keys to replace by their `kid`. */
  readonly keys?: readonly StoredKey[];
  /** Their `kid`s. */
  readonly removedKeys?: readonly string[];
  /** New envelopes, and envelopes to replace by their id. */
  readonly envelopes?: readonly Envelope[];
  /** Their ids. */
  readonly removedEnvelopes?: readonly string[];
  /** Ends all one-time secrets: a thief may be able to derive them. */
  readonly endsOneTimeSecrets?: true;
  /** What was sealed under an earlier root key for data. */
  readonly resealed?: readonly Resealed[];
  readonly revocations?: readonly NewRevocation[];
  readonly event?: AuditEvent;
}

/** The verbs for signing keys and envelopes. */
export interface KeyStore {
  /** Reads all keys. What it returns may be newer than its `version`, never older. */
  readKeys(): Promise<KeySnapshot>;

  /**
   * Writes a change if no other node has changed the keys since `version`, and adds one to the version. If several
   * nodes decide on the same change, one writes it and the others decide again.
   */
  changeKeys(
    args: { version: number } & KeyChange,
  ): Promise<
    | { readonly status: 'changed'; readonly revocations: readonly Revocation[] }
    | { readonly status: 'outdated' }
  >;
}
