import type { Revocation } from '../../revocation/revocation.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { Envelope } from '../keys/envelope.ts';
import type { StoredKey } from '../keys/stored-key.ts';
import type { NewRevocation } from './revocations.ts';

/** All that is stored of keys, as of one version. */
export interface KeySnapshot {
  /** Counts the changes, from 0. */
  readonly version: number;
  /** In the order in which they become active. */
  readonly keys: readonly StoredKey[];
  readonly envelopes: readonly Envelope[];
}

/** What to write about keys, all of it or none. */
export interface KeyChange {
  /** New ones, and changed ones in place of what was there. */
  readonly keys?: readonly StoredKey[];
  /** Their `kid`s. */
  readonly removedKeys?: readonly string[];
  readonly envelopes?: readonly Envelope[];
  /** Their ids. */
  readonly removedEnvelopes?: readonly string[];
  /** Ends all one-time secrets: somebody else may be able to derive them. */
  readonly endsOneTimeSecrets?: true;
  readonly revocations?: readonly NewRevocation[];
  readonly event?: AuditEvent;
}

/** The verbs for signing keys and envelopes. */
export interface KeyStore {
  /** What is answered may be newer than its `version`, never older. */
  readKeys(): Promise<KeySnapshot>;

  /**
   * Changes keys if nobody else has since `version`, which is then one more. So of several nodes that
   * decide the same at once one does it, and the others decide again.
   */
  changeKeys(
    args: { version: number } & KeyChange,
  ): Promise<
    | { readonly status: 'changed'; readonly revocations: readonly Revocation[] }
    | { readonly status: 'outdated' }
  >;
}
