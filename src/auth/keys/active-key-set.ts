import { setTimeout as wait } from 'node:timers/promises';
import type { Algorithm } from '../../jwt/algorithms.ts';
import {
  type SigningKey,
  toVerificationKey,
  type VerificationKey,
} from '../../jwt/keys/import-keys.ts';
import type { Clock } from '../../kernel/clock.ts';
import { StoreUnavailable } from '../../kernel/errors.ts';
import { findNext, findSigner, isAccepted, ofAlgorithm } from './key-status.ts';
import type { SealedKeyRepository } from './sealed-key-repository.ts';
import type { StoredKey } from './stored-key.ts';

/**
 * A read that began before the change it should show misses it, so the keys are read a second time before
 * the answer is 503.
 */
const MAX_READS = 2;

/** The signing keys of this server, as they are now. */
export interface ActiveKeySet {
  /** Signs now. */
  readonly signing: SigningKey;
  /** All keys whose tokens are accepted: those that signed, sign, or will. */
  readonly verification: readonly VerificationKey[];
  /**
   * The key to sign with, once there is one that all nodes know.
   * @throws {StoreUnavailable} when the key in force was revoked and its successor cannot be read
   */
  ready(): Promise<SigningKey>;
  /** Calls back whenever other keys are accepted than before. */
  watch(listener: (keys: readonly VerificationKey[]) => void): void;
  /** Looks at what is known of keys again, and tells who watches. */
  settle(): void;
}

/** A ring of one key that the host configured; nothing is stored. */
export function createStaticKeyRing(key: SigningKey): ActiveKeySet {
  return {
    signing: key,
    verification: [toVerificationKey(key)],
    ready: async () => key,
    watch() {},
    settle() {},
  };
}

/** The ring of the keys in the database. Which one signs is told by the clock, so no switch is missed. */
export class StoredKeyRing implements ActiveKeySet {
  readonly #vault: SealedKeyRepository;
  readonly #clock: Clock;
  readonly #algorithm: Algorithm;
  readonly #lifetime: number;
  readonly #patience: number;
  readonly #isRevoked: (kid: string) => boolean;
  readonly #listeners: ((keys: readonly VerificationKey[]) => void)[] = [];
  #told = '';
  #reading: Promise<void> | undefined;

  constructor(options: {
    vault: SealedKeyRepository;
    clock: Clock;
    /** Of the keys that sign, where there are several. */
    algorithm: Algorithm;
    /** Of an access token; s. */
    lifetime: number;
    /** How long to wait, at most, for a key to become active; s. */
    patience: number;
    /** By the log, which may be ahead of the keys this node has read. */
    isRevoked: (kid: string) => boolean;
  }) {
    this.#vault = options.vault;
    this.#clock = options.clock;
    this.#algorithm = options.algorithm;
    this.#lifetime = options.lifetime * 1000;
    this.#patience = options.patience * 1000;
    this.#isRevoked = options.isRevoked;
  }

  get signing(): SigningKey {
    const key = this.#findSigning();
    if (key === undefined) throw noSigningKey();
    return this.#vault.openKey(key);
  }

  get verification(): readonly VerificationKey[] {
    return this.#accepted().map((key) => toVerificationKey(this.#vault.openKey(key)));
  }

  async ready(): Promise<SigningKey> {
    this.#vault.assertOpen();
    for (let reads = 0; this.#findSigning() === undefined; reads++) {
      if (reads === MAX_READS) throw noSigningKey();
      // The log says that the key in force was revoked, and this node has yet to read its successor.
      await this.#reload();
    }
    const keys = this.#accepted();
    const next = this.#findNext(keys);
    // The key in force was revoked a moment ago. Other nodes must hear of its successor before they meet
    // a token of it.
    if (this.#findSigner(keys) === undefined && next !== undefined) {
      await wait(Math.max(0, Math.min(next.activeAt - this.#clock.now(), this.#patience)));
    }
    return this.signing;
  }

  watch(listener: (keys: readonly VerificationKey[]) => void): void {
    this.#told = this.#tell();
    this.#listeners.push(listener);
  }

  settle(): void {
    const kids = this.#tell();
    if (kids === this.#told) return;
    this.#told = kids;
    const { verification } = this;
    for (const listener of this.#listeners) listener(verification);
  }

  /** One read serves all requests that wait for it. */
  #reload(): Promise<void> {
    this.#reading ??= this.#vault
      .load()
      .then(() => this.settle())
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  #findSigning(): StoredKey | undefined {
    const keys = this.#accepted();
    return this.#findSigner(keys) ?? this.#findNext(keys);
  }

  #tell(): string {
    return this.#accepted()
      .map(({ kid }) => kid)
      .join();
  }

  #accepted(): StoredKey[] {
    const now = this.#clock.now();
    return this.#vault.state.keys.filter(
      (key) => isAccepted(key, now) && !this.#isRevoked(key.kid),
    );
  }

  /** One of our algorithm; until that has one that signs, any other node's. */
  #findSigner(keys: readonly StoredKey[]): StoredKey | undefined {
    const now = this.#clock.now();
    const own = ofAlgorithm(keys, this.#algorithm);
    return findSigner(own, now, this.#lifetime) ?? findSigner(keys, now, this.#lifetime);
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
