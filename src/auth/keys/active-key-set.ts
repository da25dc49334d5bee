import { setTimeout as wait } from 'node:timers/promises';
import type { Algorithm } from '../../jwt/algorithms.ts';
import { toVerificationKey } from '../../jwt/keys/import-keys.ts';
import type { SigningKey, VerificationKey } from '../../jwt/keys/key-types.ts';
import type { Clock } from '../../kernel/clock.ts';
import { StoreUnavailable } from '../../kernel/errors.ts';
import { findNext, findSigner, isAccepted, ofAlgorithm } from './key-status.ts';
import type { SealedKeyRepository } from './sealed-key-repository.ts';
import type { StoredKey } from './stored-key.ts';

/**
 * A read that began before the change it should show misses it, so the keys are read a second time before
 * the response is 503.
 */
const MAX_READS = 2;

/** The keys of this server that sign and verify access tokens now. */
export interface ActiveKeySet {
  /** The key that signs now. @throws {StoreUnavailable} when there is none */
  readonly signing: SigningKey;
  /** All keys whose tokens are accepted: those that signed, that sign, and that will sign. */
  readonly verification: readonly VerificationKey[];
  /**
   * Resolves to the key to sign with, once all nodes know it.
   * @throws {StoreUnavailable} when the key that signed was revoked and its successor cannot be read
   */
  waitForSigner(): Promise<SigningKey>;
  /** Calls back with the keys to accept, whenever these change. */
  onChange(listener: (keys: readonly VerificationKey[]) => void): void;
  /** Calls the listeners if other keys are accepted than at the last call. */
  notifyIfChanged(): void;
}

/** The set of one key that the host configured. Nothing is stored. */
export function createStaticKeySet(key: SigningKey): ActiveKeySet {
  return {
    signing: key,
    verification: [toVerificationKey(key)],
    waitForSigner: async () => key,
    onChange() {},
    notifyIfChanged() {},
  };
}

/** The set of the keys in the database. The clock decides which key signs, so all nodes switch at the same moment. */
export class StoredKeySet implements ActiveKeySet {
  readonly #repository: SealedKeyRepository;
  readonly #clock: Clock;
  readonly #algorithm: Algorithm;
  readonly #tokenLifetimeMs: number;
  readonly #maxWaitMs: number;
  readonly #isRevoked: (kid: string) => boolean;
  readonly #listeners: ((keys: readonly VerificationKey[]) => void)[] = [];
  /** The `kid`s that the listeners know. */
  #announced = '';
  #reading: Promise<void> | undefined;

  constructor(options: {
    repository: SealedKeyRepository;
    clock: Clock;
    /** The algorithm of this node. Nodes with other settings may have keys of others. */
    algorithm: Algorithm;
    /** How long an access token lives. */
    tokenLifetimeSeconds: number;
    /** How long to wait at most until a key becomes active. */
    maxWaitSeconds: number;
    /** Asks the revocation log, which may know more than the keys this node has read. */
    isRevoked: (kid: string) => boolean;
  }) {
    this.#repository = options.repository;
    this.#clock = options.clock;
    this.#algorithm = options.algorithm;
    this.#tokenLifetimeMs = options.tokenLifetimeSeconds * 1000;
    this.#maxWaitMs = options.maxWaitSeconds * 1000;
    this.#isRevoked = options.isRevoked;
  }

  get signing(): SigningKey {
    const key = this.#findSigning();
    if (key === undefined) throw noSigningKey();
    return this.#repository.openKey(key);
  }

  get verification(): readonly VerificationKey[] {
    return this.#findAccepted().map((key) => toVerificationKey(this.#repository.openKey(key)));
  }

  async waitForSigner(): Promise<SigningKey> {
    this.#repository.assertOpen();
    for (let reads = 0; this.#findSigning() === undefined; reads++) {
      if (reads === MAX_READS) throw noSigningKey();
      // The log says that the key that signed was revoked, and this node has yet to read its successor.
      await this.#reload();
    }
    const keys = this.#findAccepted();
    const next = this.#findNext(keys);
    // The key that signed was revoked a moment ago. Other nodes must read its successor before they receive
    // a token of it.
    if (this.#findSigner(keys) === undefined && next !== undefined) {
      await wait(Math.max(0, Math.min(next.activeAt - this.#clock.now(), this.#maxWaitMs)));
    }
    return this.signing;
  }

  onChange(listener: (keys: readonly VerificationKey[]) => void): void {
    this.#announced = this.#joinKids();
    this.#listeners.push(listener);
  }

  notifyIfChanged(): void {
    const kids = this.#joinKids();
    if (kids === this.#announced) return;
    this.#announced = kids;
    const { verification } = this;
    for (const listener of this.#listeners) listener(verification);
  }

  /** One read serves all requests that wait for it. */
  #reload(): Promise<void> {
    this.#reading ??= this.#repository
      .load()
      .then(() => this.notifyIfChanged())
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  #findSigning(): StoredKey | undefined {
    const keys = this.#findAccepted();
    return this.#findSigner(keys) ?? this.#findNext(keys);
  }

  #joinKids(): string {
    return this.#findAccepted()
      .map(({ kid }) => kid)
      .join();
  }

  #findAccepted(): StoredKey[] {
    const now = this.#clock.now();
    return this.#repository.state.keys.filter(
      (key) => isAccepted(key, now) && !this.#isRevoked(key.kid),
    );
  }

  /** Prefers this node's algorithm; falls back to any active key until ours has one. */
  #findSigner(keys: readonly StoredKey[]): StoredKey | undefined {
    const now = this.#clock.now();
    const own = ofAlgorithm(keys, this.#algorithm);
    return (
      findSigner(own, now, this.#tokenLifetimeMs) ?? findSigner(keys, now, this.#tokenLifetimeMs)
    );
  }

  #findNext(keys: readonly StoredKey[]): StoredKey | undefined {
    const now = this.#clock.now();
    return findNext(ofAlgorithm(keys, this.#algorithm), now) ?? findNext(keys, now);
  }
}

function noSigningKey(): StoreUnavailable {
  return new StoreUnavailable(
    'The signing key was revoked, and its successor is not known here yet. Try again.',
  );
}
