import type { Algorithm } from '../../jwt/algorithms.ts';
import { generateSigningKeyAside } from '../../jwt/keys/import-keys.ts';
import { MAX_SUBJECT_LENGTH } from '../../revocation/revocation-wire.ts';
import { type AuthContext, findIssuedUntil, raiseLongestAccessTtl } from '../context.ts';
import type { KeyChange } from '../ports/keys.ts';
import { REVOCATION_MARGIN_MS } from '../settings.ts';
import type { ActiveKeySet } from './active-key-set.ts';
import { isAccepted } from './key-status.ts';
import type { Roots } from './root-keys.ts';
import type { OpenState, SealedKeyRepository } from './sealed-key-repository.ts';
import type { StoredKey } from './stored-key.ts';

/** Writes changes of signing keys and envelopes, and tells all nodes. */
export class KeyChanger {
  readonly #context: AuthContext;
  readonly #repository: SealedKeyRepository;
  readonly #keys: ActiveKeySet;
  /** Read before each change. */
  #longestAccessTtlSeconds: number;

  constructor(context: AuthContext, repository: SealedKeyRepository, keys: ActiveKeySet) {
    this.#context = context;
    this.#repository = repository;
    this.#keys = keys;
    this.#longestAccessTtlSeconds = context.settings.accessTokenTtl;
  }

  /** How long the last token of a key may be accepted, with a margin for clocks that step. */
  get acceptForMs(): number {
    return this.#longestAccessTtlSeconds * 1000 + REVOCATION_MARGIN_MS;
  }

  /**
   * Writes what `decide` returns, with an entry of the revocation log that makes all nodes read the keys again.
   * @param decide returns undefined if there is nothing to change; called again if another node was faster
   * @returns whether something was changed
   * @throws {StoreUnavailable}
   */
  async change(
    decide: (state: OpenState) => KeyChange | undefined | Promise<KeyChange | undefined>,
  ): Promise<boolean> {
    const { clock, log, store, settings } = this.#context;
    this.#longestAccessTtlSeconds = await raiseLongestAccessTtl(store, settings);
    const createNews = (keys: readonly StoredKey[]) => ({
      kind: 'keys' as const,
      subject: joinKids(keys.filter((key) => isAccepted(key, clock.now()))),
      version: 0,
      issuedUntil: findIssuedUntil(clock),
    });
    const written = await this.#repository.change(async (state) => {
      const change = await decide(state);
      if (change === undefined) return undefined;
      const { envelopes = [], removedEnvelopes = [] } = change;
      const changesRoots = envelopes.length + removedEnvelopes.length > 0;
      // The first key needs no entry: every node reads the keys when it starts. Envelopes do: a node with a
      // signing key of its own stores no keys, and must still read a new root key.
      if (state.keys.length === 0 && !changesRoots) return change;
      return {
        ...change,
        revocations: [...(change.revocations ?? []), createNews(change.keys ?? [])],
      };
    });
    log.apply(written ?? []);
    // Which keys are accepted also changes with time alone.
    this.#keys.notifyIfChanged();
    return written !== undefined;
  }

  /**
   * Generates a key and seals it. Nothing is stored.
   * @param activeAt ms since the epoch
   * @param roots to seal it under. Default: those in use
   */
  async make(algorithm: Algorithm, activeAt: number, roots?: Roots): Promise<StoredKey> {
    const key = await generateSigningKeyAside(algorithm);
    return this.#repository.sealKey(key, { createdAt: this.#context.clock.now(), activeAt }, roots);
  }
}

/** The ids of keys, so that a guard can tell when it has fetched them; empty if they do not fit into an entry. */
function joinKids(keys: readonly StoredKey[]): string {
  const kids = keys.map(({ kid }) => kid).join(' ');
  return kids.length <= MAX_SUBJECT_LENGTH ? kids : '';
}
